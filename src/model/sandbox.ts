/**
 * Where the jobs of a lane run.
 * `overlay`: they share the host's staged tree, each with a private layer, at the workspace's own path.
 * `tree`: the lane has a staged tree of its own, at a path of that host.
 * `shared`: in the workspace itself, on a file system that the host shares with the runner; nothing is staged.
 */
export type Sandbox = 'overlay' | 'tree' | 'shared';
