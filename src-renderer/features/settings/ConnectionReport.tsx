import { abilityLabel } from '#renderer/format/labels.ts';
import { CheckIcon, WarningIcon } from '#renderer/ui/icons.tsx';
import type { Output } from '#shared/ipc/procedure.ts';
import { ABILITIES, type settingsProcedures } from '#shared/ipc/settings.ts';
import classes from './ConnectionReport.module.css';

type Report = Output<(typeof settingsProcedures)['connections.test']>;
type Check = { name: string; value: string; state: 'fine' | 'warning' | 'plain' };

const SCHEMA_WORDS: Record<Report['schema'], string> = {
  current: 'current',
  missing: 'not installed yet',
  outdated: 'older than this console',
  newer: 'newer than this console',
};

/** What a connection was found to be: server, role, durability, the ledger in it, and what the role may do. */
export function ConnectionReport({ report }: { report: Report }) {
  return (
    <div>
      <dl className={classes.list}>
        {checksOf(report).map((check) => (
          <div key={check.name} className={classes.line} data-state={check.state}>
            <dt>{check.name}</dt>
            <dd>
              {check.state === 'fine' && <CheckIcon size={13} className={classes.mark} />}
              {check.state === 'warning' && <WarningIcon size={13} className={classes.mark} />}
              <span>{check.value}</span>
            </dd>
          </div>
        ))}
      </dl>
      {report.warnings.length > 0 && (
        <ul className={classes.warnings} aria-label="Warnings">
          {report.warnings.map((warning) => (
            <li key={warning}>
              <WarningIcon size={14} className={classes.mark} />
              <span>{warning}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function checksOf(report: Report): Check[] {
  const lacking = ABILITIES.filter((ability) => !report.abilities.includes(ability));
  return [
    { name: 'Server', value: `PostgreSQL ${report.serverVersion}`, state: 'plain' },
    { name: 'Host', value: report.host, state: 'plain' },
    { name: 'Database', value: report.database, state: 'plain' },
    { name: 'Role', value: report.role, state: 'plain' },
    { name: 'Encrypted', value: report.tls ? 'yes, TLS' : 'no', state: 'plain' },
    {
      name: 'fsync',
      value: report.fsync ? 'on' : 'off: a crash of the server can lose or break entries',
      state: report.fsync ? 'fine' : 'warning',
    },
    {
      name: 'synchronous_commit',
      value: report.synchronousCommit ? 'on' : 'off: a crash can lose the last entries',
      state: report.synchronousCommit ? 'fine' : 'warning',
    },
    {
      name: 'Ledger',
      value: SCHEMA_WORDS[report.schema],
      state: report.schema === 'current' ? 'fine' : 'warning',
    },
    {
      name: 'May',
      value:
        report.abilities.length === 0 ? 'only read' : report.abilities.map(abilityLabel).join(', '),
      state: 'plain',
    },
    ...(lacking.length === 0 || report.abilities.length === 0
      ? []
      : [
          {
            name: 'May not',
            value: lacking.map(abilityLabel).join(', '),
            state: 'plain',
          } satisfies Check,
        ]),
    {
      name: 'May install or update',
      value: report.canMigrate ? 'yes, the ledger’s tables and functions' : 'no',
      state: 'plain',
    },
    { name: 'Round trip', value: `${report.roundTripMs.toFixed(1)} ms`, state: 'plain' },
  ];
}
