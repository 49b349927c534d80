import './util/dirname.ts';
import { command } from './cli/command.ts';

await command(process.argv.slice(2));
