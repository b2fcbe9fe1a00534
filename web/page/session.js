// The signed-in caller and its role.
import { apiKey, get } from "./api.js";

const ROLES = ["read", "write", "operate"];

let config = null;

/** Loads the caller from the server. Throws a Problem, 401 where a key is needed. */
export async function identify() {
  config = await get("/v1/config");
  return config;
}

export const whoAmI = () => config;

/** True where the caller's role includes `role`. */
export function may(role) {
  return config !== null && ROLES.indexOf(config.role) >= ROLES.indexOf(role);
}

export function signOut() {
  apiKey.forget();
  config = null;
}
