package org.sealwax.smtp;

import java.util.Optional;
import org.sealwax.address.ReversePath;

/** Reads a reverse-path that stands alone, with or without its brackets. */
public final class ReversePathParser {
  private ReversePathParser() {}

  /** {@code <>} or empty is the null path; otherwise a mailbox, in brackets or bare. */
  public static Optional<ReversePath> parse(String text) {
    if (text.isEmpty() || text.equals("<>")) {
      return Optional.of(ReversePath.nullPath());
    }
    if (!text.startsWith("<")) {
      return MailboxParser.parse(text).map(ReversePath::of);
    }
    PathParser parser = new PathParser(text, 0);
    return parser.path() instanceof PathParser.Path.To to && parser.atEnd()
        ? Optional.of(ReversePath.of(to.mailbox()))
        : Optional.empty();
  }
}
