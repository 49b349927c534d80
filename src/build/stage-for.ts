import type { Stage } from '../engine/ports.ts';
import type { Recipe } from '../model/job.ts';
import type { Settings } from '../model/settings.ts';
import { createSharedStage, makeToken, removeToken } from '../stage/shared-stage.ts';
import { createStage } from '../stage/stage.ts';
import { encode, type Bytes } from '../util/bytes.ts';

/** The workspace as the setting `staging` has it. */
export interface BuildStage {
  readonly stage: Stage;
  /** LaneSetup.token */
  readonly token: Bytes | undefined;
  /** No lane is opened any more. */
  readonly forgetToken: () => void;
}

/**
 * @param world.onSkipped told of each directory that cannot be read
 * @param world.recipesOf the recipes whose target is that path of the workspace
 */
export function stageFor(
  { root, staging, exclude }: Settings,
  world: {
    readonly onSkipped: (path: Bytes) => void;
    readonly recipesOf: (path: Bytes) => readonly Recipe[];
  },
): BuildStage {
  const path = encode(root);
  if (staging === 'none') {
    const token = makeToken(path);
    return { stage: createSharedStage(path), token, forgetToken: () => removeToken(path, token) };
  }
  const stage = createStage(path, world.onSkipped, {
    exclude,
    declared: staging === 'declared',
    recipesOf: world.recipesOf,
  });
  return { stage, token: undefined, forgetToken: () => undefined };
}
