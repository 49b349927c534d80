import './util/dirname.ts';
import { run } from './action/run.ts';
import { workflowLog } from './report/standard-streams.ts';

await run(workflowLog());
