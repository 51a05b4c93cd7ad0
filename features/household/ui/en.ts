import type { Words } from "@kit/parts";

export const field: Words = {
    new_door: "Register a door or household", to_list: "Back to the list", where: "Register where?", where_new: "A new door",
    where_new_note: "The door is in no list", where_known: "A new household behind a known door",
    where_known_note: "Let rooms, newcomers, brothers under one roof", which_door: "Which door", choose: "Choose",
    address: "Where the door is", after: "Walked after which door", after_last: "At the end", building: "Building or lane",
    floor: "Floor", room: "Room", use: "What is it used for?", lives: "Does anybody live here?",
    lives_yes: "Somebody lives here", lives_no: "Nobody lives here", household: "Household", kind_label: "Kind",
    head: "Name of the head", phone: "Phone", others: "Others living here", person_name: "Name",
    relation_label: "Relation to head", add_person: "Add a person", take_out: "Take out", choose_where: "Choose where",
    choose_door: "Choose the door", choose_use: "Choose the use", choose_lives: "Does anybody live here?",
    choose_kind: "Choose the kind", saved: "Kept on this phone",
};
export const command: Words = {
    households: "Households", find: "Find", find_text: "two characters or more", by_name: "Name",
    by_phone: "Phone or its tail", by_id: "Id number", by_plate: "Plate", by_address: "Address", found_n: "{n} found",
    found_none: "Nothing found", list_note: "In walking order. Who holds no duty on the grid sees masks.", c_grid: "Grid",
    c_order: "No.", c_door: "Door", c_head: "Head", c_phone: "Phone", c_persons: "Persons", c_away: "Away", c_kind: "Kind",
    c_use: "Use", c_needs: "Needs", centre: "Centre", nobody: "Nobody registered", shown_n: "{n} shown",
    more: ", scroll for more", all: "Whole list",
};
