/** What to call a customer: the name, else the e-mail, else the id. */
export function customerName(customer: {
  id: string;
  name: string | null;
  email: string | null;
}): string {
  return customer.name || customer.email || customer.id;
}
