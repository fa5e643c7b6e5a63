/** What demo customers are called, and what people write beside the credits they move. All of it is made up. */

export const FIRST_NAMES = words(`
  Aaliyah Aaron Abigail Adam Adriana Ahmed Aiko Alejandro Alina Amara Amelia Amir Ana Anders Andrea Anika Antoine Aoife
  Arjun Astrid Ayşe Beatriz Benjamin Björn Brigitte Carlos Carmen Chidi Chloé Chris Clara Daniel Daria David Deepa Diego
  Dmitri Elena Elif Elise Emeka Emma Erik Esther Fatima Felix Fiona Francesca Gabriel George Giulia Grace Hana Hannah
  Haruto Henrik Hugo Ibrahim Ines Ingrid Isabel Ivan Jakub James Jana Javier Jin Johanna José Julia Kaito Karim Katarzyna
  Kenji Kofi Kwame Lars Laura Leila Liam Linh Lucía Łukasz Maja Marco Margaret Maria Mateo Maya Mei Mehmet Michael Mila
  Mohamed Nadia Naomi Nia Nils Noah Nora Olga Olivia Omar Oscar Paula Pavel Pedro Petra Priya Rafael Rahul Rebecca Renée
  Robert Rosa Sakura Samir Samuel Sanjay Sara Sebastian Sofía Søren Stefan Tariq Thandiwe Theo Thomas Tomás Valentina
  Victor Viktória Wei William Xin Yara Yusuf Zainab Zoë`);

export const LAST_NAMES = words(`
  Abbott Adeyemi Ahmadi Almeida Andersen Andersson Bakker Banerjee Barbosa Bauer Becker Bennett Berg Bianchi Brandt Brooks
  Campbell Carter Castillo Chen Clarke Cohen Costa Cruz Dahl Davies Delgado Demir Diallo Dubois Eriksson Evans Farah
  Fernández Fischer Fontaine Foster García Gómez González Graham Green Grönlund Gupta Haddad Hansen Harris Hassan Hayashi
  Hoffmann Horváth Hughes Ibáñez Ito Ivanova Jackson Jansen Jensen Johansson Jones Kapoor Kaya Kelly Khan Kim Kimura King
  Kovács Kowalski Kruger Kumar Larsen Laurent Lee Lefèvre Lehmann Li Lindqvist López Lund MacDonald Malik Martin Martínez
  Mbeki Meyer Mitchell Molina Moreau Moreno Morgan Müller Murphy Nakamura Navarro Nguyễn Nielsen Novák Nowak Nwosu O’Brien
  O’Connor Okafor Okoye Olsen Osei Owusu Park Patel Pereira Pham Popescu Quinn Ramírez Rao Reid Reyes Ricci Romano Rossi
  Roy Ruiz Saito Santos Sato Schmidt Schneider Sharma Silva Singh Smith Sørensen Souza Suzuki Svensson Takahashi Tanaka
  Taylor Thompson Torres Tran Turner Van Dijk Vargas Virtanen Wagner Walker Wang Weber Williams Wójcik Wright Yamamoto
  Yıldız Zhang Zhou Zimmermann`);

export const COMPANY_FIRST = words(`
  Acorn Alder Amber Anchor Arbor Atlas Aurora Basalt Beacon Birch Blue Bright Canopy Cedar Cinder Clear Cobalt Compass
  Copper Coral Crane Delta Drift Ember Falcon Fern Field Flint Forge Foxglove Garnet Granite Harbor Hazel Heron High
  Indigo Iron Juniper Kestrel Lantern Lark Linden Lumen Maple Marble Meadow Meridian Mosaic Nimbus North Oak Onyx Orchard
  Osprey Otter Paper Pebble Pine Plume Polar Quarry Quill Raven Redwood Ridge River Rowan Saffron Sage Salt Sierra Silver
  Slate Sparrow Spruce Stone Summit Swift Tamarack Thistle Tidal Timber Topaz Umber Velvet Vertex Violet West Wild Willow
  Winter Zephyr`);

export const COMPANY_SECOND = words(`
  Analytics Apparel Architects Bakery Biotech Books Brewing Capital Care Clinics Collective Consulting Courier Dental
  Design Dynamics Electric Energy Engineering Farms Films Finance Foods Freight Games Goods Health Home Hotels Insights
  Instruments Interiors Kitchens Labs Law Learning Legal Logistics Media Metals Mobility Motors Networks Optics Outdoor
  Partners Pharma Photo Power Press Printing Properties Research Robotics Security Software Solar Sports Studio Systems
  Textiles Tools Toys Travel Ventures Works`);

export const COUNTRIES = words(
  `US US US US US GB GB DE DE FR CA CA NL ES IT SE PL IN IN AU BR JP MX SG ZA`,
);

/** People who act in the demo, as their names stand on the rows. */
export const AGENTS = [
  'Maya Chen',
  'Tomás Ruiz',
  'Priya Nair',
  'Jonas Weber',
  'Amara Okafor',
  'Ellen Brooks',
  'Sofía Delgado',
  'Kenji Mori',
];

/** Campaigns and thank-yous: bonuses that expire. Reason code, then the text. */
export const BONUS_REASONS: readonly (readonly [string, string])[] = [
  ['promotion', 'Spring campaign: bonus credits'],
  ['promotion', 'Referral bonus: a colleague signed up'],
  ['promotion', 'Beta programme: thank-you credits'],
  ['promotion', 'Webinar attendance bonus'],
  ['goodwill', 'Goodwill after the export outage'],
  ['goodwill', 'Goodwill: slow responses during their launch'],
  ['goodwill', 'Thank-you for a detailed bug report'],
  ['customer_request', 'Trial of image generation agreed with their account manager'],
];

/** Credits given back or set right for good: transaction type, reason code, text. */
export const CORRECTION_REASONS: readonly (readonly [string, string, string])[] = [
  ['refund', 'service_issue', 'AI analysis returned an empty result; credits given back'],
  ['refund', 'service_issue', 'Report export failed twice; credits given back'],
  ['refund', 'billing_error', 'Charged twice for the same report'],
  ['refund', 'customer_request', 'Search ran against the wrong workspace'],
  ['adjustment', 'correction', 'Opening balance corrected after the plan change'],
  ['adjustment', 'migration', 'Credits carried over from the old account'],
  ['adjustment', 'billing_error', 'Plan allocation was too low last month'],
];

/** Credits taken away by hand: reason code, text. */
export const DEBIT_REASONS: readonly (readonly [string, string])[] = [
  ['correction', 'Bulk export was not metered; charged by hand'],
  ['abuse', 'Credits taken back: trial bonus claimed twice'],
  ['billing_error', 'Translation was metered at half its price'],
];

/** Why usage was undone: reason code, text. */
export const REVERSAL_REASONS: readonly (readonly [string, string])[] = [
  ['service_issue', 'The job failed after it was charged'],
  ['service_issue', 'Result was incomplete'],
  ['billing_error', 'Charged twice within a minute'],
  ['customer_request', 'Started by mistake, cancelled at once'],
];

export const EXTENSION_REASONS: readonly (readonly [string, string])[] = [
  ['customer_request', 'Asked for more time to use the bonus'],
  ['goodwill', 'Extended because of the outage'],
];

export const NOTES = [
  'Prefers e-mail. Renewal talk planned for next quarter.',
  'Uses exports heavily at month end; expects invoices in one batch.',
  'Asked twice about volume pricing.',
  'Evaluating image generation for their catalogue team.',
  'Main contact changed; the old one left the company.',
  'Had trouble with SSO in the past; escalate quickly.',
  'Finance wants purchases on one PO number.',
  'Friendly. Reports bugs with steps to reproduce.',
];

function words(text: string): string[] {
  return text
    .trim()
    .replaceAll('Van Dijk', 'Van_Dijk')
    .split(/\s+/)
    .map((word) => word.replaceAll('_', ' '));
}
