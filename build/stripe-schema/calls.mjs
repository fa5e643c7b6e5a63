// The calls of Stripe's API that the simulator checks, each with the type in the stripe package that says what it takes.
// Parts of a path are all written {id}.

/** @typedef {'create' | 'list' | 'retrieve' | 'update' | 'delete'} Verb */

/** @type {readonly Verb[]} */
const editable = ['create', 'list', 'retrieve', 'update'];
/** @type {readonly Verb[]} */
const removable = [...editable, 'delete'];

/**
 * By call (`METHOD path`): the file of the stripe package (below esm/resources) and the type in it.
 * @type {Readonly<Record<string, readonly [file: string, type: string]>>}
 */
export const calls = {
  'GET /v1/account': ['Accounts', 'AccountRetrieveCurrentParams'],

  ...resource('Customer', '/v1/customers', 'Customers', removable),
  'GET /v1/customers/{id}/payment_methods': ['Customers', 'CustomerListPaymentMethodsParams'],
  ...resource('Product', '/v1/products', 'Products', removable),
  ...resource('Price', '/v1/prices', 'Prices', editable),

  'POST /v1/checkout/sessions': ['Checkout/Sessions', 'Checkout.SessionCreateParams'],
  'GET /v1/checkout/sessions': ['Checkout/Sessions', 'Checkout.SessionListParams'],
  'GET /v1/checkout/sessions/{id}': ['Checkout/Sessions', 'Checkout.SessionRetrieveParams'],
  'POST /v1/checkout/sessions/{id}': ['Checkout/Sessions', 'Checkout.SessionUpdateParams'],
  'POST /v1/checkout/sessions/{id}/expire': ['Checkout/Sessions', 'Checkout.SessionExpireParams'],
  'GET /v1/checkout/sessions/{id}/line_items': [
    'Checkout/Sessions',
    'Checkout.SessionListLineItemsParams',
  ],

  ...resource('PaymentIntent', '/v1/payment_intents', 'PaymentIntents', editable),
  'POST /v1/payment_intents/{id}/confirm': ['PaymentIntents', 'PaymentIntentConfirmParams'],
  'POST /v1/payment_intents/{id}/cancel': ['PaymentIntents', 'PaymentIntentCancelParams'],
  ...resource('PaymentMethod', '/v1/payment_methods', 'PaymentMethods', [
    'create',
    'list',
    'retrieve',
  ]),
  'POST /v1/payment_methods/{id}/attach': ['PaymentMethods', 'PaymentMethodAttachParams'],
  'POST /v1/payment_methods/{id}/detach': ['PaymentMethods', 'PaymentMethodDetachParams'],
  ...resource('Charge', '/v1/charges', 'Charges', ['list', 'retrieve', 'update']),
  ...resource('Refund', '/v1/refunds', 'Refunds', editable),
  'GET /v1/disputes': ['Disputes', 'DisputeListParams'],
  'GET /v1/disputes/{id}': ['Disputes', 'DisputeRetrieveParams'],
  'POST /v1/disputes/{id}': ['Disputes', 'DisputeUpdateParams'],
  'POST /v1/disputes/{id}/close': ['Disputes', 'DisputeCloseParams'],

  ...resource('Subscription', '/v1/subscriptions', 'Subscriptions', editable),
  'DELETE /v1/subscriptions/{id}': ['Subscriptions', 'SubscriptionCancelParams'],
  ...resource('SubscriptionItem', '/v1/subscription_items', 'SubscriptionItems', removable),
  ...resource('Invoice', '/v1/invoices', 'Invoices', removable),
  'POST /v1/invoices/create_preview': ['Invoices', 'InvoiceCreatePreviewParams'],
  'POST /v1/invoices/{id}/finalize': ['Invoices', 'InvoiceFinalizeInvoiceParams'],
  'POST /v1/invoices/{id}/pay': ['Invoices', 'InvoicePayParams'],
  'POST /v1/invoices/{id}/void': ['Invoices', 'InvoiceVoidInvoiceParams'],
  'POST /v1/invoices/{id}/mark_uncollectible': ['Invoices', 'InvoiceMarkUncollectibleParams'],
  'GET /v1/invoices/{id}/lines': ['Invoices', 'InvoiceListLineItemsParams'],
  ...resource('InvoiceItem', '/v1/invoiceitems', 'InvoiceItems', [
    'create',
    'list',
    'retrieve',
    'delete',
  ]),
  'GET /v1/invoice_payments': ['InvoicePayments', 'InvoicePaymentListParams'],
  'GET /v1/invoice_payments/{id}': ['InvoicePayments', 'InvoicePaymentRetrieveParams'],

  'POST /v1/billing/meters': ['Billing/Meters', 'Billing.MeterCreateParams'],
  'GET /v1/billing/meters': ['Billing/Meters', 'Billing.MeterListParams'],
  'GET /v1/billing/meters/{id}': ['Billing/Meters', 'Billing.MeterRetrieveParams'],
  'POST /v1/billing/meters/{id}': ['Billing/Meters', 'Billing.MeterUpdateParams'],
  'POST /v1/billing/meters/{id}/deactivate': ['Billing/Meters', 'Billing.MeterDeactivateParams'],
  'POST /v1/billing/meters/{id}/reactivate': ['Billing/Meters', 'Billing.MeterReactivateParams'],
  'GET /v1/billing/meters/{id}/event_summaries': [
    'Billing/Meters',
    'Billing.MeterListEventSummariesParams',
  ],
  'POST /v1/billing/meter_events': ['Billing/MeterEvents', 'Billing.MeterEventCreateParams'],
  'POST /v1/billing/meter_event_adjustments': [
    'Billing/MeterEventAdjustments',
    'Billing.MeterEventAdjustmentCreateParams',
  ],

  'GET /v1/events': ['Events', 'EventListParams'],
  'GET /v1/events/{id}': ['Events', 'EventRetrieveParams'],
  ...resource('WebhookEndpoint', '/v1/webhook_endpoints', 'WebhookEndpoints', removable),

  'POST /v1/test_helpers/test_clocks': [
    'TestHelpers/TestClocks',
    'TestHelpers.TestClockCreateParams',
  ],
  'GET /v1/test_helpers/test_clocks': ['TestHelpers/TestClocks', 'TestHelpers.TestClockListParams'],
  'GET /v1/test_helpers/test_clocks/{id}': [
    'TestHelpers/TestClocks',
    'TestHelpers.TestClockRetrieveParams',
  ],
  'DELETE /v1/test_helpers/test_clocks/{id}': [
    'TestHelpers/TestClocks',
    'TestHelpers.TestClockDeleteParams',
  ],
  'POST /v1/test_helpers/test_clocks/{id}/advance': [
    'TestHelpers/TestClocks',
    'TestHelpers.TestClockAdvanceParams',
  ],

  'GET /v2/core/events': ['V2/Core/Events', 'V2.Core.EventListParams'],
  'GET /v2/core/events/{id}': ['V2/Core/Events', 'V2.Core.EventRetrieveParams'],
  'POST /v2/billing/meter_events': ['V2/Billing/MeterEvents', 'V2.Billing.MeterEventCreateParams'],
};

/**
 * The usual calls of a resource.
 * @param {string} type
 * @param {string} path
 * @param {string} file
 * @param {readonly Verb[]} verbs
 * @returns {Record<string, readonly [string, string]>}
 */
function resource(type, path, file, verbs) {
  const usual = /** @type {const} */ ({
    create: [`POST ${path}`, 'CreateParams'],
    list: [`GET ${path}`, 'ListParams'],
    retrieve: [`GET ${path}/{id}`, 'RetrieveParams'],
    update: [`POST ${path}/{id}`, 'UpdateParams'],
    delete: [`DELETE ${path}/{id}`, 'DeleteParams'],
  });
  return Object.fromEntries(
    verbs.map((verb) => [usual[verb][0], [file, `${type}${usual[verb][1]}`]]),
  );
}
