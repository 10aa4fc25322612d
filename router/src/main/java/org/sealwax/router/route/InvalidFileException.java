package org.sealwax.router.route;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** A file of aliases, recipients or secrets is not valid; the exception has all its errors. */
public final class InvalidFileException extends IOException {
  private final List<FileError> flaws;

  InvalidFileException(List<FileError> flaws) {
    super(flaws.stream().map(FileError::toString).collect(Collectors.joining("\n")));
    this.flaws = List.copyOf(flaws);
  }

  /** At least one. */
  public List<FileError> flaws() {
    return flaws;
  }
}
