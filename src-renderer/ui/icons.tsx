import type { ReactNode } from 'react';

/** Icons of one weight on a 16 px grid. They are decoration: the control that holds one carries the name. */
type IconProps = { size?: number; className?: string | undefined };

function icon(name: string, drawing: ReactNode) {
  const Icon = ({ size = 16, className }: IconProps) => (
    <svg
      className={className}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {drawing}
    </svg>
  );
  Icon.displayName = `${name}Icon`;
  return Icon;
}

export const SearchIcon = icon(
  'Search',
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.25 10.25 3.25 3.25" />
  </>,
);
export const CustomersIcon = icon(
  'Customers',
  <>
    <circle cx="6" cy="5.25" r="2.5" />
    <path d="M1.75 13c.3-2.4 2-3.75 4.25-3.75S9.95 10.6 10.25 13M10.5 2.9a2.5 2.5 0 0 1 0 4.7M12 9.6c1.3.5 2.1 1.7 2.25 3.4" />
  </>,
);
export const TransactionsIcon = icon(
  'Transactions',
  <path d="M2.5 5.25h10.5m-2.5-2.5 2.5 2.5-2.5 2.5M13.5 10.75H3m2.5-2.5L3 10.75l2.5 2.5" />,
);
export const UsageIcon = icon('Usage', <path d="M2.5 13.5h11M4 11V8M8 11V3M12 11V6" />);
export const SettingsIcon = icon(
  'Settings',
  <>
    <path d="M2.5 4.5h5M11 4.5h2.5M2.5 11.5h2.5M8.5 11.5h5" />
    <circle cx="9.25" cy="4.5" r="1.75" />
    <circle cx="6.75" cy="11.5" r="1.75" />
  </>,
);
export const AboutIcon = icon(
  'About',
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M8 7.25v3.5M8 5.2v.05" />
  </>,
);
export const DatabaseIcon = icon(
  'Database',
  <>
    <ellipse cx="8" cy="4" rx="5" ry="2" />
    <path d="M3 4v8c0 1.1 2.24 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.24 2 5 2s5-.9 5-2" />
  </>,
);
export const CatalogIcon = icon(
  'Catalog',
  <>
    <path d="M8.6 2.5h4.9v4.9L7.6 13.3a1.2 1.2 0 0 1-1.7 0L2.7 10.1a1.2 1.2 0 0 1 0-1.7L8.6 2.5Z" />
    <path d="M11 5h.01" strokeWidth="2" />
  </>,
);
export const MeteringIcon = icon(
  'Metering',
  <path d="M2.75 12.25a6 6 0 1 1 10.5 0M8 9.75l2.75-3.5M8 9.75h.01M2 9.5h1.25M12.75 9.5H14M8 3.5v1.25" />,
);
export const MoneyBackIcon = icon(
  'MoneyBack',
  <path d="M5 2.75 2.5 5.25 5 7.75M2.5 5.25h8a3 3 0 0 1 0 6H8M5.5 9.75v3M4 11.25h3" />,
);
export const EventsIcon = icon(
  'Events',
  <path d="M2.5 9.5h3l1 2h3l1-2h3M2.5 9.5 4 3.75h8l1.5 5.75v2.75c0 .7-.55 1.25-1.25 1.25h-8.5c-.7 0-1.25-.55-1.25-1.25V9.5Z" />,
);
export const ReconciliationIcon = icon(
  'Reconciliation',
  <path d="M8 2.5v11M5.5 13.5h5M3 5h10M3 5 1.25 9.5h3.5L3 5ZM13 5l-1.75 4.5h3.5L13 5Z" />,
);
export const StripeIcon = icon(
  'Stripe',
  <>
    <rect x="1.75" y="3.5" width="12.5" height="9" rx="1.5" />
    <path d="M1.75 6.5h12.5M4.25 10h3" />
  </>,
);
export const ChevronRightIcon = icon('ChevronRight', <path d="M6.25 3.75 10.5 8l-4.25 4.25" />);
export const ChevronDownIcon = icon('ChevronDown', <path d="M3.75 6.25 8 10.5l4.25-4.25" />);
export const ArrowLeftIcon = icon('ArrowLeft', <path d="M13 8H3m4-4L3 8l4 4" />);
export const ArrowRightIcon = icon('ArrowRight', <path d="M3 8h10M9 4l4 4-4 4" />);
export const SortAscendingIcon = icon('SortAscending', <path d="M8 13V3M4.5 6.5 8 3l3.5 3.5" />);
export const SortDescendingIcon = icon('SortDescending', <path d="M8 3v10m3.5-3.5L8 13 4.5 9.5" />);
export const CloseIcon = icon('Close', <path d="m4 4 8 8M12 4l-8 8" />);
export const CheckIcon = icon('Check', <path d="m3 8.5 3.25 3.25L13 5" />);
export const CopyIcon = icon(
  'Copy',
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3.5v-.25c0-.7-.55-1.25-1.25-1.25h-5.5C3.05 2 2.5 2.55 2.5 3.25v5.5c0 .7.55 1.25 1.25 1.25H4" />
  </>,
);
export const PlusIcon = icon('Plus', <path d="M8 3v10M3 8h10" />);
export const MinusIcon = icon('Minus', <path d="M3 8h10" />);
export const MoreIcon = icon('More', <path strokeWidth="2.2" d="M3.5 8h.01M8 8h.01M12.5 8h.01" />);
export const CalendarIcon = icon(
  'Calendar',
  <>
    <rect x="2.5" y="3.5" width="11" height="10" rx="1.5" />
    <path d="M2.5 6.75h11M5.5 2v2.5M10.5 2v2.5" />
  </>,
);
export const ClockIcon = icon(
  'Clock',
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M8 4.75V8l2.25 1.5" />
  </>,
);
export const DownloadIcon = icon(
  'Download',
  <path d="M8 2.5v7.5M4.75 7 8 10.25 11.25 7M3 13.5h10" />,
);
export const ReverseIcon = icon('Reverse', <path d="M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6" />);
export const WarningIcon = icon('Warning', <path d="M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.2v.05" />);
export const NoteIcon = icon(
  'Note',
  <path d="M3 2.75h10v7L9.75 13.25H3V2.75ZM13 9.75H9.75v3.5M5.5 5.75h5M5.5 8.25h2.5" />,
);
export const ExternalIcon = icon(
  'External',
  <path d="M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v3a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h3" />,
);
export const FolderIcon = icon(
  'Folder',
  <path d="M2 4.25c0-.7.55-1.25 1.25-1.25H6l1.5 1.75h5.25c.7 0 1.25.55 1.25 1.25v5.75c0 .7-.55 1.25-1.25 1.25h-9.5C2.55 13 2 12.45 2 11.75v-7.5Z" />,
);
export const SidebarIcon = icon(
  'Sidebar',
  <>
    <rect x="2" y="3" width="12" height="10" rx="1.5" />
    <path d="M6 3v10" />
  </>,
);
export const KeyboardIcon = icon(
  'Keyboard',
  <>
    <rect x="1.75" y="4" width="12.5" height="8" rx="1.5" />
    <path d="M4.25 6.5h.01M6.75 6.5h.01M9.25 6.5h.01M11.75 6.5h.01M5 9.5h6" />
  </>,
);
export const FeaturesIcon = icon(
  'Features',
  <path d="M8 1.75 9.6 6.4l4.65 1.6-4.65 1.6L8 14.25 6.4 9.6 1.75 8 6.4 6.4 8 1.75Z" />,
);
export const AlertsIcon = icon(
  'Alerts',
  <path d="M8 2a4 4 0 0 0-4 4v3L2.75 11.5h10.5L12 9V6a4 4 0 0 0-4-4ZM6.5 13.5a1.5 1.5 0 0 0 3 0" />,
);
export const NotificationsIcon = icon(
  'Notifications',
  <>
    <rect x="2" y="3.5" width="12" height="9" rx="1.5" />
    <path d="m2.5 4.5 5.5 4.25 5.5-4.25" />
  </>,
);
export const JobsIcon = icon(
  'Jobs',
  <path d="M13.25 8A5.25 5.25 0 1 1 11.6 4.2M13.5 2.25V5h-2.75M8 5.25V8l2 1.25" />,
);
export const ApiKeysIcon = icon(
  'ApiKeys',
  <>
    <circle cx="5.25" cy="10.75" r="2.75" />
    <path d="m7.25 8.75 6-6M10.5 5.5l2 2M12 4l1.5 1.5" />
  </>,
);
