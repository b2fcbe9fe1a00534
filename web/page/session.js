// Who is there, and what they may do.
import { apiKey, get } from "./api.js";

const ROLES = ["read", "write", "operate"];

let config = null;

/** Asks the server who we are to it. Throws a Problem, 401 where a key is wanted. */
export async function identify() {
  config = await get("/v1/config");
  return config;
}

export const whoAmI = () => config;

/** Whether this role may do what takes at least `role`. */
export function may(role) {
  return config !== null && ROLES.indexOf(config.role) >= ROLES.indexOf(role);
}

export function signOut() {
  apiKey.forget();
  config = null;
}
