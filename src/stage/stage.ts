import type { Stage } from '../engine/ports.ts';
import type { Job, Recipe } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { Arrival, type Home } from './home/arrival.ts';
import { Conflicts } from './home/conflicts.ts';
import { Copy } from './copy.ts';
import { declaredView } from './view/declared.ts';
import { missedFiles } from './view/missed-files.ts';
import { ObjectFiles } from './object-files.ts';
import { PartialView } from './view/partial-view.ts';
import { RecipeOutputs } from './home/recipe-outputs.ts';
import { relativeTo } from './relative-to.ts';
import { surveyOf } from './look/survey.ts';
import { sweepTemporaries } from './home/temporary.ts';
import { Workspace } from './look/workspace.ts';

export interface StageOptions {
  /** Lines of a .gitignore: what is not staged. */
  readonly exclude?: readonly string[];
  /** Jobs are shown what their makefile declares alone (P3); one of which that is not known sees everything. */
  readonly declared?: boolean;
  /** The recipes whose target stands at that path, relative to the workspace. */
  readonly recipesOf?: (path: Bytes) => readonly Recipe[];
}

/**
 * The workspace on the runner and its copies on the hosts.
 *
 * @param root absolute path, without a slash at its end
 * @param onSkipped told of each directory that cannot be read
 */
export function createStage(root: Bytes, onSkipped: (path: Bytes) => void, options: StageOptions = {}): Stage {
  sweepTemporaries(root);
  const workspace = new Workspace(root, { onSkipped, exclude: options.exclude ?? [] });
  const objects = new ObjectFiles();
  const written = new RecipeOutputs();
  const { declared = false, recipesOf = () => [] } = options;
  const home: Home = { workspace, objects, conflicts: new Conflicts(workspace), written, recipesOf };
  const view = (job: Job): readonly Bytes[] | undefined =>
    declared ? declaredView(root, job, written.of(job.recipe)) : undefined;
  return {
    root,
    survey: async () => {
      await workspace.refresh();
      return surveyOf(workspace.inventory);
    },
    tree: () => new Copy(workspace, objects, view),
    incoming: (sending) => new Arrival(home, sending),
    missed: (job, visible, output) => {
      const at = relativeTo(root, job.directory) ?? '';
      return missedFiles(workspace, new PartialView(visible), at, output);
    },
    relative: (path) => relativeTo(root, path),
    writerStarted: (job) => {
      objects.learn(job);
      workspace.writerStarted(job);
    },
    writerEnded: (job) => workspace.writerEnded(job),
    touch: (soon) => workspace.touch(soon),
  };
}
