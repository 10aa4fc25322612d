package org.sealwax.mail.json;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The members of one JSON object on one line, read back without loading a library: the other side
 * of {@link JsonLine}. Without space between its parts, without an object inside it, and each
 * member once.
 */
public final class JsonMembers {
  private final Map<String, Object> members;

  private JsonMembers(Map<String, Object> members) {
    this.members = members;
  }

  /**
   * Reads a line without its end.
   *
   * @param line the object
   * @return its members; empty when it is not of the form above
   */
  public static Optional<JsonMembers> read(String line) {
    try {
      return Optional.of(new JsonMembers(new LineParser(line).object()));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  /**
   * {@return a text; null when the member is missing or no text}
   *
   * @param name of the member
   */
  public @Nullable String text(String name) {
    return members.get(name) instanceof String text ? text : null;
  }

  /**
   * {@return an integer; empty when the member is missing, no integer, or longer than 18 digits}
   *
   * @param name of the member
   */
  public OptionalLong number(String name) {
    return members.get(name) instanceof Long number
        ? OptionalLong.of(number)
        : OptionalLong.empty();
  }

  /** A number that is not an integer, {@code true}, {@code false} or {@code null}. */
  private record OtherValue(String word) {}

  private static final class LineParser {
    private final String line;
    private int at;

    LineParser(String line) {
      this.line = line;
    }

    Map<String, Object> object() {
      Map<String, Object> members = new HashMap<>();
      take('{');
      do {
        String name = text();
        take(':');
        check(members.put(name, value()) == null);
      } while (isNext(','));
      take('}');
      check(at == line.length());
      return members;
    }

    private Object value() {
      return switch (line.charAt(at)) {
        case '"' -> text();
        case '[' -> list();
        default -> word();
      };
    }

    private List<Object> list() {
      List<Object> values = new ArrayList<>();
      take('[');
      if (!isNext(']')) {
        do {
          values.add(value());
        } while (isNext(','));
        take(']');
      }
      return values;
    }

    private Object word() {
      int from = at;
      while (Character.isLetterOrDigit(line.charAt(at)) || "+-.".indexOf(line.charAt(at)) >= 0) {
        at++;
      }
      String word = line.substring(from, at);
      check(!word.isEmpty());
      return word.matches("-?(0|[1-9][0-9]{0,17})") ? Long.valueOf(word) : new OtherValue(word);
    }

    private String text() {
      take('"');
      StringBuilder text = new StringBuilder();
      for (char c = line.charAt(at++); c != '"'; c = line.charAt(at++)) {
        check(c >= ' ');
        text.append(c == '\\' ? escaped() : c);
      }
      return text.toString();
    }

    private char escaped() {
      char c = line.charAt(at++);
      return switch (c) {
        case '"', '\\', '/' -> c;
        case 'b' -> '\b';
        case 'f' -> '\f';
        case 'n' -> '\n';
        case 'r' -> '\r';
        case 't' -> '\t';
        case 'u' -> {
          at += 4;
          yield (char) Integer.parseInt(line.substring(at - 4, at), 16);
        }
        default -> throw new IllegalArgumentException("escape " + c);
      };
    }

    private void take(char c) {
      check(isNext(c));
    }

    private boolean isNext(char c) {
      boolean isNext = line.charAt(at) == c;
      at += isNext ? 1 : 0;
      return isNext;
    }

    private static void check(boolean isRight) {
      if (!isRight) {
        throw new IllegalArgumentException("not as it was written");
      }
    }
  }
}
