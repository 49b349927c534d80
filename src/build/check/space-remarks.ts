import type { Survey } from '../../engine/ports.ts';
import type { HostReport } from '../../model/host-report.ts';
import { formatBytes } from '../../report/format-bytes.ts';

/**
 * Where a host has not the room that the workspace takes there.
 *
 * @param survey undefined: nothing is sent
 */
export function spaceRemarks(
  { free, sandbox, slots }: Pick<HostReport, 'free' | 'sandbox' | 'slots'>,
  survey: Survey | undefined,
): readonly string[] {
  if (!free || !survey) return [];
  // Without private mounts each lane has a copy.
  const copies = sandbox === 'tree' ? (slots ?? 1) : 1;
  const what = copies === 1 ? 'the workspace takes' : `${copies} copies of the workspace, one for each slot, take`;
  const remarks: string[] = [];
  if (free.bytes < survey.bytes * copies)
    remarks.push(
      `it has ${formatBytes(free.bytes)} free where it is staged (/tmp), and ${what} ${formatBytes(survey.bytes * copies)}: ` +
        'make room there, or send less (exclude)',
    );
  if (free.files !== undefined && free.files < survey.files * copies)
    remarks.push(
      `there is room for ${free.files} more files where it is staged (/tmp; inodes), and ${what} ${survey.files * copies}: ` +
        'remove some there, or send less (exclude)',
    );
  return remarks;
}
