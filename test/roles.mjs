// roles.mjs - who may what, stated once more after the house plan: tests hold the
// program's table (src/core/right.c) and the pages against it.
const look = "figures lists";
const command = `${look} reveal rounds duties orders`;
const walk = `${look} open doors visit`;

// Role → rights on the duty's area and below.
export const roles = {
    commander: command,
    leader_contact: look,
    secretary: `${command} doors grids`,
    grid_head: walk,
    grid_worker: walk,
    centre_head: `${look} open visit`,   // of the households linked to his own only; figures as they are
    police: `${look} visit`,
    medic: `${look} visit`,
    clerk: `${look} import doors for`,
    approver: "approve",
    auditor: "audit",
    keeper: "accounts settings",
    gate_keeper: "", watcher: "", dock: "", volunteer: "",   // what their task needs, when there are tasks
};
export const reserved = ["approver", "auditor", "keeper"];   // given out only by who keeps accounts
export const rightsOf = (role) => new Set([...(roles[role] ?? "").split(" ").filter(Boolean), "signed_in"]);
