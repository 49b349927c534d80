import { expect, jest, test } from '@jest/globals';
import { stopSelf } from '../../../src/util/stop-self.ts';

test('however many want it stopped, the process stops once, after all of them', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  try {
    stopSelf();
    stopSelf();
    expect(kill).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGSTOP']]);
    stopSelf();
    await Promise.resolve();
    expect(kill).toHaveBeenCalledTimes(2);
  } finally {
    kill.mockRestore();
  }
});
