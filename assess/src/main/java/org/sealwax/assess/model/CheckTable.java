package org.sealwax.assess.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Checks as a text file that is part of the program: {@code [id]}, then {@code key: value} lines;
 * {@code aspect}, {@code source} and the routers' lines may be repeated, a line that begins with a
 * blank continues with the value before it, {@code #} begins a remark. An aspect has its heading
 * after {@code =}; {@code found} is the heading of results without an aspect. A mistake in it is a
 * fault in our code and throws.
 */
public final class CheckTable {
  private static final class ReceiverChecks {
    static final CheckTable TABLE = read("checks.txt");
  }

  private final Map<String, Check> byId;

  private CheckTable(Collection<Check> checks) {
    Map<String, Check> map = new LinkedHashMap<>();
    for (Check check : checks) {
      if (map.put(check.id(), check) != null) {
        throw new IllegalArgumentException("check " + check.id() + " occurs twice");
      }
    }
    this.byId = map;
  }

  /** The checks of the receiving side. */
  public static CheckTable receiving() {
    return ReceiverChecks.TABLE;
  }

  /** Reads a resource that lies next to this class. */
  public static CheckTable read(String resource) {
    return parse(ProgramResource.text(CheckTable.class, resource));
  }

  /**
   * Reads the text of a table.
   *
   * @throws IllegalArgumentException with the line number of a mistake
   */
  public static CheckTable parse(String text) {
    List<Check> checks = new ArrayList<>();
    CheckRow row = null;
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      try {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        if (line.startsWith("[") && line.endsWith("]")) {
          if (row != null) {
            checks.add(row.check());
          }
          row = new CheckRow(line.substring(1, line.length() - 1));
        } else if (row == null) {
          throw new IllegalArgumentException("a value before the first [id]");
        } else {
          row.readLine(line);
        }
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
      }
    }
    if (row != null) {
      checks.add(row.check());
    }
    return new CheckTable(checks);
  }

  /** In the order of the file. */
  public List<Check> rows() {
    return List.copyOf(byId.values());
  }

  /** By id. */
  public Optional<Check> find(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** One row as it is read. */
  private static final class CheckRow {
    private static final List<String> KEYS =
        Stream.concat(
                Stream.of("group", "title", "found", "why", "aspect", "source", "advice"),
                FixAdvice.ROUTERS.stream().map(CheckRow::key))
            .toList();

    private final String id;
    private final Map<String, List<String>> values = new LinkedHashMap<>();
    private @Nullable String last;

    CheckRow(String id) {
      if (!id.matches("[a-z0-9][A-Za-z0-9.-]*")) {
        throw new IllegalArgumentException("bad id " + id);
      }
      this.id = id;
    }

    void readLine(String line) {
      String before = last;
      if (line.startsWith(" ") && before != null) {
        List<String> there = values.getOrDefault(before, new ArrayList<>());
        there.set(there.size() - 1, there.getLast() + " " + line.strip());
        return;
      }
      int colon = line.indexOf(": ");
      String key = colon < 0 ? "" : line.substring(0, colon);
      if (!KEYS.contains(key)) {
        throw new IllegalArgumentException("no key in: " + line);
      }
      values.computeIfAbsent(key, k -> new ArrayList<>()).add(line.substring(colon + 2).strip());
      last = key;
    }

    Check check() {
      CheckGroup group =
          CheckGroup.titled(singleValue("group"))
              .orElseThrow(() -> new IllegalArgumentException(id + " has no known group"));
      FixAdvice advice =
          new FixAdvice(
              singleValue("advice"),
              FixAdvice.ROUTERS.stream()
                  .collect(Collectors.toMap(router -> router, router -> valuesOf(key(router)))));
      return new Check(
          id,
          group,
          singleValue("title"),
          singleValue("why"),
          headings(),
          valuesOf("source"),
          advice);
    }

    private Map<String, String> headings() {
      Map<String, String> headings = new LinkedHashMap<>();
      valuesOf("found").forEach(heading -> headings.put("", heading));
      for (String value : valuesOf("aspect")) {
        String[] parts = value.split(" = ", 2);
        if (parts.length < 2) {
          throw new IllegalArgumentException("no heading in: aspect: " + value);
        }
        headings.put(parts[0], parts[1]);
      }
      return headings;
    }

    private static String key(String router) {
      return router.toLowerCase(Locale.ROOT);
    }

    private String singleValue(String key) {
      return String.join(" ", valuesOf(key));
    }

    private List<String> valuesOf(String key) {
      return values.getOrDefault(key, List.of());
    }
  }
}
