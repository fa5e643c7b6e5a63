import { type CreditsClient, createCreditsClient } from '#main/middleware/middleware.ts';
import { openPayingCustomers, type PayingCustomers } from './paying-customers.ts';
import { startTestService, type TestService } from './service.ts';
import { type ServiceProxy, startServiceProxy } from './service-proxy.ts';

/** Customers with credits, the real service on their database, a network before it, and a client behind that. */
export type CreditsServiceWorld = PayingCustomers & {
  service: TestService;
  network: ServiceProxy;
  /** Calls through the network, four times at most, without long waits. */
  client: CreditsClient;
};

export async function openCreditsServiceWorld(): Promise<CreditsServiceWorld> {
  const customers = await openPayingCustomers();
  const service = await startTestService(customers.database);
  const network = await startServiceProxy(service.url);
  return {
    ...customers,
    service,
    network,
    client: createCreditsClient({ url: network.url, apiKey: service.key, firstWaitMs: 1 }),
    async close() {
      await network.close();
      await service.close();
      await customers.close();
    },
  };
}
