/** What demo customers use, from the cheapest to the dearest draw; `share` of all uses, `cost` as in feature_costs. */
export type DemoFeature = {
  feature: string;
  title: string;
  cost: number;
  unit: string;
  share: number;
  /** Uses at once, at most, even of a small customer. */
  batch: number;
};

export const FEATURES: readonly DemoFeature[] = [
  { feature: 'basic_search', title: 'Basic search', cost: 1, unit: 'use', share: 0.44, batch: 1 },
  { feature: 'translation', title: 'Translation', cost: 2, unit: 'page', share: 0.1, batch: 12 },
  {
    feature: 'advanced_search',
    title: 'Advanced search',
    cost: 5,
    unit: 'use',
    share: 0.22,
    batch: 1,
  },
  {
    feature: 'image_generation',
    title: 'Image generation',
    cost: 8,
    unit: 'image',
    share: 0.07,
    batch: 1,
  },
  {
    feature: 'export_report',
    title: 'Report export',
    cost: 10,
    unit: 'use',
    share: 0.08,
    batch: 1,
  },
  { feature: 'ai_analysis', title: 'AI analysis', cost: 25, unit: 'use', share: 0.09, batch: 1 },
];

/** Image generation came to the product this long before the end of the demo; advanced search stood in its place. */
export const IMAGE_GENERATION_AGE_DAYS = 240;

/** Credits that one use costs on average. */
export const MEAN_COST = FEATURES.reduce(
  (sum, each) => sum + each.share * each.cost * (1 + (each.batch - 1) * 0.29),
  0,
);
