/** What keys do on the timeline. */
export interface KeyActions {
  readonly zoom: (factor: number) => void;
  readonly reset: () => void;
  /** By a share of what is in sight. */
  readonly pan: (share: number) => void;
  readonly toEnd: (sign: 1 | -1) => void;
  /** To the job before or after in its row. */
  readonly step: (by: 1 | -1) => void;
  readonly stepRow: (by: 1 | -1) => void;
  readonly choose: () => void;
  readonly hush: () => void;
}

/** @returns whether the key is one of the timeline's; what goes with Ctrl, Alt or the command key is the browser's */
export function takeKey(event: KeyboardEvent, actions: KeyActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const action = actionOf(event, actions);
  action?.();
  return action !== undefined;
}

function actionOf({ key, shiftKey }: KeyboardEvent, actions: KeyActions): (() => void) | undefined {
  switch (key) {
    case '+':
    case '=':
      return () => actions.zoom(1 / 1.5);
    case '-':
    case '_':
      return () => actions.zoom(1.5);
    case '0':
      return actions.reset;
    case 'ArrowLeft':
      return () => (shiftKey ? actions.pan(-0.2) : actions.step(-1));
    case 'ArrowRight':
      return () => (shiftKey ? actions.pan(0.2) : actions.step(1));
    case 'ArrowUp':
      return () => actions.stepRow(-1);
    case 'ArrowDown':
      return () => actions.stepRow(1);
    case 'Home':
      return () => actions.toEnd(-1);
    case 'End':
      return () => actions.toEnd(1);
    case 'Enter':
    case ' ':
      return actions.choose;
    case 'Escape':
      return actions.hush;
    default:
      return undefined;
  }
}
