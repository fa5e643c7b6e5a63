import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { clearable } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { closeDispute, submitEvidence } from '../payments/disputes.ts';
import type { Route } from '../route.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/disputes';

export const disputeRoutes: readonly Route[] = [
  ...readRoutes({
    url,
    collection: 'disputes',
    permission: 'rak_dispute_read',
    list(world, given: Stripe.DisputeListParams) {
      return listPage(world.collection('disputes').newestFirst(), given, {
        url,
        where: (dispute) =>
          (given.charge === undefined || dispute.charge === given.charge) &&
          (given.payment_intent === undefined || dispute.payment_intent === given.payment_intent),
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{dispute}`,
    permission: 'rak_dispute_write',
    handle(world, { path: { dispute: id = '' }, parameters }) {
      const given: Stripe.DisputeUpdateParams = parameters;
      refuseUnsupported(given, ['evidence', 'metadata', 'submit']);
      refuseUnsupported(given.evidence ?? {}, ['uncategorized_text'], 'evidence');
      const before = world.collection('disputes').need(id);
      const after = world.collection('disputes').update(id, {
        evidence: {
          ...before.evidence,
          uncategorized_text: clearable(
            given.evidence?.uncategorized_text,
            before.evidence.uncategorized_text,
          ),
        },
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      // Evidence is handed in at once unless the caller says that more is to come.
      if (given.evidence !== undefined && given.submit !== false) return submitEvidence(world, id);
      return after;
    },
  },
  {
    method: 'POST',
    path: `${url}/{dispute}/close`,
    permission: 'rak_dispute_write',
    handle(world, { path: { dispute = '' } }) {
      world.collection('disputes').need(dispute);
      return closeDispute(world, dispute, 'lost');
    },
  },
];
