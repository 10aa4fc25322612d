package org.sealwax.router.route;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.route.InvalidFileException.FileError;

/**
 * The recipients of a relay domain: one local part or address a line, compared without regard to
 * case; text after white space is ignored, so that a Postfix map can be used.
 */
final class RecipientFile {
  private RecipientFile() {}

  /** Reads the names, folded. */
  static WatchedFile.FileContents<Set<String>> read(Path file, Domain domain) throws IOException {
    Set<String> names = new HashSet<>();
    List<FileError> flaws = new ArrayList<>();
    int number = 0;
    for (String line : AliasFile.lines(file)) {
      number++;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      int end = 0;
      boolean quoted = false;
      while (end < text.length() && (quoted || !Character.isWhitespace(text.charAt(end)))) {
        quoted ^= text.charAt(end) == '"' && (end == 0 || text.charAt(end - 1) != '\\');
        end++;
      }
      Optional<AddressText> name = AddressText.parse(text.substring(0, end));
      int column = line.indexOf(text.charAt(0)) + 1;
      if (flaws.size() == AliasFile.MAX_FLAWS) {
        break;
      }
      if (name.isEmpty()) {
        flaws.add(
            new FileError(file, number, column, line, "not a local part and not an address", null));
      } else if (name.get().domain() != null && !domain.name().equals(name.get().domain())) {
        flaws.add(new FileError(file, number, column, line, "an address outside " + domain, null));
      } else {
        names.add(LocalPart.folded(name.get().local()));
      }
    }
    if (!flaws.isEmpty()) {
      throw new InvalidFileException(flaws);
    }
    Set<String> found = Set.copyOf(names);
    return new WatchedFile.FileContents<>(found, Map.of(file, found));
  }
}
