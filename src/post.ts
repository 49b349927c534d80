import './util/dirname.ts';
import { cleanup } from './action/cleanup.ts';
import { workflowLog } from './report/standard-streams.ts';

await cleanup(workflowLog());
