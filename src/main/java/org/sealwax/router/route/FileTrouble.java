package org.sealwax.router.route;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** A file of aliases, recipients or secrets makes no sense; says all that is wrong at once. */
public final class FileTrouble extends IOException {
  private final List<FileFlaw> flaws;

  FileTrouble(List<FileFlaw> flaws) {
    super(flaws.stream().map(FileFlaw::toString).collect(Collectors.joining("\n")));
    this.flaws = List.copyOf(flaws);
  }

  /** At least one. */
  public List<FileFlaw> flaws() {
    return flaws;
  }
}
