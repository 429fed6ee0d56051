/**
 * Imported before all others. When a schema of zod is made, it tries whether it may compile itself; our
 * Content-Security-Policy forbids that, and browsers complain of the attempt. Schemas are made when modules are loaded,
 * so this cannot wait for a function to be called.
 */
import { config } from "zod";

config({ jitless: true });
