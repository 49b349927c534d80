/** Diagonal lines. */
export function hatching(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const small = tile.getContext('2d');
  if (!small) return colour;
  small.strokeStyle = colour;
  small.lineWidth = 1.5;
  small.beginPath();
  for (const shift of [-6, 0, 6]) {
    small.moveTo(shift, 6);
    small.lineTo(shift + 6, 0);
  }
  small.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
