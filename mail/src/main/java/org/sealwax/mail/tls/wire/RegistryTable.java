package org.sealwax.mail.tls.wire;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads the tables that lie next to this class: tab separated, {@code #} begins a comment. */
final class RegistryTable {
  private RegistryTable() {}

  /** The rows of a table, each split at its tabs. */
  static List<String[]> of(String name) {
    InputStream found = RegistryTable.class.getResourceAsStream(name);
    if (found == null) {
      throw new IllegalStateException("missing from the program: table " + name);
    }
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(found, StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> !line.isEmpty() && line.charAt(0) != '#')
          .map(line -> line.split("\t", -1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
