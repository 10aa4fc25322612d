package org.sealwax.router.config;

/**
 * A place in a file.
 *
 * @param line from 1; 0 for none
 * @param column from 1
 * @param length characters within the line, at least 1
 */
public record SourcePosition(int line, int column, int length) {
  /** One character after its beginning. */
  SourcePosition inside(int offset) {
    return new SourcePosition(line, column + offset, 1);
  }
}
