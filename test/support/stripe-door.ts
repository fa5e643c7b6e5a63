import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { type ConsoleDoor, openConsoleDoor } from './console-door.ts';
import { desktopNoting } from './link-desktop.ts';
import type { TestRole } from './postgres-server.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A console that is connected to a simulator in Stripe's place, and others on the same database and account. */
export type StripeDoor = {
  database: TestDatabase;
  simulator: Simulator;
  /** An admin's. */
  door: ConsoleDoor;
  /** Links that the admin's console opened in the browser. */
  links: string[];
  /** Another console, of another role; connected to the same account. */
  openAs: (role: TestRole) => Promise<ConsoleDoor>;
  close: () => Promise<void>;
};

export async function openStripeDoor(): Promise<StripeDoor> {
  const database = await createTestDatabase();
  const simulator = await startSimulator();
  const doors: ConsoleDoor[] = [];
  const links: string[] = [];
  async function openAs(role: TestRole): Promise<ConsoleDoor> {
    const door = await openConsoleDoor({
      url: database.urlFor(role),
      desktop: desktopNoting(links),
      createStripeGateway: ({ key, base, log }) =>
        createStripeGateway({
          key,
          base: base ?? { host: '127.0.0.1', port: simulator.port },
          log,
        }),
    });
    doors.push(door);
    const key = `sk_test_${'a'.repeat(40)}`;
    await door.call('stripe.connect', { key, rebind: false, confirmedProduction: false });
    return door;
  }
  return {
    database,
    simulator,
    door: await openAs('test_admin'),
    links,
    openAs,
    async close() {
      for (const door of doors) await door.close();
      await simulator.close();
      await database.drop();
    },
  };
}
