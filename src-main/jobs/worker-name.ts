import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** A name that no other worker has: what it took from the inbox is its own. */
export function workerName(): string {
  return `${hostname().slice(0, 100)}:${process.pid}:${randomUUID().slice(0, 8)}`;
}
