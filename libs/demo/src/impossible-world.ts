/** What was asked for cannot be made: its message is one line for the person who asked. */
export class ImpossibleWorld extends RangeError {
  override readonly name = 'ImpossibleWorld';
}
