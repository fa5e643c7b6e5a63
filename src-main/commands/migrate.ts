import { migrate } from '#main/database/migrate.ts';
import type { Command } from './command.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Install the ledger in a database, or bring it up to date',
  usage: '',
  options: {},
  names: { min: 0, max: 0 },
  async run({ databaseAddress }) {
    const report = await migrate({ connectionString: await databaseAddress() });
    return {
      data: report,
      lines: [
        ...report.migrations.map((name) => `Ran ${name}.`),
        ...(report.functionsApplied ? ['Applied the SQL functions.'] : []),
        ...(report.migrations.length === 0 && !report.functionsApplied
          ? ['The ledger is up to date; nothing was changed.']
          : []),
      ],
    };
  },
};
