package org.sealwax.router.ledger;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * The columns of a table for a record, derived from its components: each fact is declared once, and
 * a person can read it in the file. A component {@code mxUntil} is the column {@code mx_until}; a
 * record inside has a column for each of its components, {@code encrypt_sessions}. Times are in
 * UTC, a long is a day and written as a date, an enum is its name in lower case, what is missing is
 * NULL. A collection is one text: items separated by ", ", their words by a space.
 *
 * @param <R> of the records; all of an int's values are counts
 */
final class RecordColumns<R extends Record> {
  static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");
  private static final String TIME = "0000-00-00T00:00:00Z";
  private static final String BETWEEN_ITEMS = ", ";
  private static final String BETWEEN_WORDS = " ";
  private static final String MISSING = "-";

  /** The form of one component's values. */
  private sealed interface Form {
    /** Adds its columns, each with its type. */
    void declare(String name, List<String> columns);

    /** Adds a value for each column. */
    void write(@Nullable Object value, List<@Nullable String> out);

    /** Takes a value of each column; null when all of them are missing. */
    @Nullable Object read(Iterator<@Nullable String> in);
  }

  /** A value in one column. */
  private record Single(
      String type,
      Function<Object, @Nullable String> text,
      Function<String, @Nullable Object> value)
      implements Form {
    @Override
    public void declare(String name, List<String> columns) {
      columns.add(name + type);
    }

    @Override
    public void write(@Nullable Object value, List<@Nullable String> out) {
      out.add(value == null ? null : text.apply(value));
    }

    @Override
    public @Nullable Object read(Iterator<@Nullable String> in) {
      must(in.hasNext());
      String text = in.next();
      return text == null ? null : present(value.apply(text));
    }
  }

  /** What another table has. */
  private record Elsewhere() implements Form {
    @Override
    public void declare(String name, List<String> columns) {}

    @Override
    public void write(@Nullable Object value, List<@Nullable String> out) {}

    @Override
    public @Nullable Object read(Iterator<@Nullable String> in) {
      return null;
    }
  }

  private record Component(Method accessor, boolean nullable, Form form) {}

  /** A record: the columns of its components. */
  private record Fields(Constructor<?> constructor, List<Component> components) implements Form {
    @Override
    public void declare(String name, List<String> columns) {
      for (Component c : components) {
        String own = c.accessor().getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
        c.form().declare(name.isEmpty() ? own : name + "_" + own, columns);
      }
    }

    @Override
    public void write(@Nullable Object value, List<@Nullable String> out) {
      for (Component c : components) {
        c.form().write(value == null ? null : invoke(() -> c.accessor().invoke(value)), out);
      }
    }

    @Override
    public @Nullable Object read(Iterator<@Nullable String> in) {
      return read(in, null);
    }

    /** With the value of what is elsewhere. */
    @Nullable Object read(Iterator<@Nullable String> in, @Nullable Object elsewhere) {
      @Nullable Object[] values = new Object[components.size()];
      Arrays.setAll(values, i -> components.get(i).form().read(in));
      if (Arrays.stream(values).allMatch(v -> v == null)) {
        return null;
      }
      for (int i = 0; i < values.length; i++) {
        Component c = components.get(i);
        if (c.form() instanceof Elsewhere) {
          values[i] = elsewhere;
        } else if (values[i] == null && c.accessor().getReturnType() == long.class) {
          values[i] = Long.MIN_VALUE;
        }
        must(values[i] != null || c.nullable());
      }
      return invoke(() -> constructor.newInstance(values));
    }
  }

  private final Fields fields;
  private final ChronoUnit precision;

  /**
   * Of one kind of record.
   *
   * @param precision of its times
   * @param elsewhere names of components that are no columns
   */
  RecordColumns(Class<R> kind, ChronoUnit precision, String... elsewhere) {
    this.precision = precision;
    this.fields = fields(kind, Set.of(elsewhere));
  }

  /** The columns with their types, as a CREATE statement has them. */
  List<String> declared() {
    List<String> out = new ArrayList<>();
    fields.declare("", out);
    return out;
  }

  /** A value for each column. */
  List<@Nullable String> write(R record) {
    List<@Nullable String> out = new ArrayList<>();
    fields.write(record, out);
    return out;
  }

  /**
   * The record of a row.
   *
   * @param elsewhere the value of the component that is no column, if there is one
   * @throws IllegalArgumentException or DateTimeException when it is not exactly such a row
   */
  @SuppressWarnings("unchecked") // the constructor is that of R
  R read(List<@Nullable String> row, @Nullable Object elsewhere) {
    Iterator<@Nullable String> in = row.iterator();
    Object record = present(fields.read(in, elsewhere));
    must(!in.hasNext());
    return (R) record;
  }

  static void must(boolean claim) {
    if (!claim) {
      throw new IllegalArgumentException("not a row of the ledger");
    }
  }

  /** The nearest time that can be written. */
  static Instant within(Instant at) {
    return at.isBefore(Instant.EPOCH) ? Instant.EPOCH : at.isAfter(LATEST) ? LATEST : at;
  }

  /** A row as the words of an item. */
  static String words(List<@Nullable String> row) {
    return String.join(BETWEEN_WORDS, row.stream().map(v -> v == null ? MISSING : v).toList());
  }

  /** Items in one text. */
  static String items(List<String> items) {
    return String.join(BETWEEN_ITEMS, items);
  }

  /** The rows of the items of a text. */
  static List<List<@Nullable String>> items(String text) {
    List<List<@Nullable String>> out = new ArrayList<>();
    if (!text.isEmpty()) {
      for (String item : text.split(BETWEEN_ITEMS, -1)) {
        List<@Nullable String> words = new ArrayList<>();
        for (String word : item.split(BETWEEN_WORDS, -1)) {
          words.add(word.equals(MISSING) ? null : word);
        }
        out.add(words);
      }
    }
    return out;
  }

  private Fields fields(Class<?> kind, Set<String> elsewhere) {
    RecordComponent[] parts = kind.getRecordComponents();
    List<Component> components = new ArrayList<>();
    for (RecordComponent c : parts) {
      components.add(
          new Component(
              c.getAccessor(),
              c.getAnnotatedType().isAnnotationPresent(Nullable.class),
              elsewhere.contains(c.getName()) ? new Elsewhere() : form(c.getGenericType())));
    }
    Class<?>[] types = Arrays.stream(parts).map(RecordComponent::getType).toArray(Class<?>[]::new);
    return new Fields(invoke(() -> kind.getDeclaredConstructor(types)), components);
  }

  private Form form(Type type) {
    if (type instanceof ParameterizedType of) {
      List<Form> parts = Arrays.stream(of.getActualTypeArguments()).map(this::form).toList();
      return single(v -> text(v, parts), text -> collection(text, of.getRawType(), parts));
    } else if (type == int.class) {
      return new Single(" INTEGER", Object::toString, text -> count(text, LevelProgress.ENOUGH));
    } else if (type == boolean.class) {
      return new Single(" INTEGER", v -> v.equals(true) ? "1" : "0", text -> count(text, 1) == 1);
    } else if (type == long.class) {
      return single(
          v -> v.equals(Long.MIN_VALUE) ? null : LocalDate.ofEpochDay((Long) v).toString(),
          text -> LocalDate.parse(text).toEpochDay());
    } else if (type == Instant.class) {
      return single(v -> within((Instant) v).truncatedTo(precision).toString(), this::time);
    } else if (type == MxPattern.class) {
      return single(Object::toString, text -> MxPattern.parse(text).orElse(null));
    } else if (type == Pin.class) {
      return single(v -> ((Pin) v).hex(), Pin::new);
    } else if (type == Domain.class) {
      return single(Object::toString, Domain::new);
    } else if (type == String.class) {
      return single(Object::toString, text -> text);
    }
    Class<?> kind = (Class<?>) type;
    return kind.isRecord() ? fields(kind, Set.of()) : word(kind.getEnumConstants());
  }

  private static Single single(
      Function<Object, @Nullable String> text, Function<String, @Nullable Object> value) {
    return new Single(" TEXT", text, value);
  }

  private static Single word(Object[] constants) {
    Map<String, Object> words = new HashMap<>();
    for (Object constant : constants) {
      words.put(((Enum<?>) constant).name().toLowerCase(Locale.ROOT), constant);
    }
    return single(v -> ((Enum<?>) v).name().toLowerCase(Locale.ROOT), words::get);
  }

  private static int count(String text, int most) {
    int count = Integer.parseInt(text);
    must(count >= 0 && count <= most);
    return count;
  }

  private Instant time(String text) {
    Instant at = text.length() == TIME.length() ? wholeSeconds(text) : Instant.parse(text);
    must(at.equals(within(at).truncatedTo(precision)));
    return at;
  }

  /** By hand: the general parser takes a microsecond, and a record has twenty times. */
  private static Instant wholeSeconds(String text) {
    for (int i = 0; i < TIME.length(); i++) {
      char c = text.charAt(i);
      must(TIME.charAt(i) == '0' ? c >= '0' && c <= '9' : c == TIME.charAt(i));
    }
    return LocalDateTime.of(
            number(text, 0, 4),
            number(text, 5, 7),
            number(text, 8, 10),
            number(text, 11, 13),
            number(text, 14, 16),
            number(text, 17, 19))
        .toInstant(ZoneOffset.UTC);
  }

  private static int number(String text, int from, int to) {
    return Integer.parseInt(text, from, to, 10);
  }

  private static String text(Object collection, List<Form> parts) {
    if (collection instanceof Map<?, ?> map) {
      return items(
          map.entrySet().stream()
              .map(e -> words(parts, List.of(e.getKey(), e.getValue())))
              .sorted()
              .toList());
    }
    Stream<String> items =
        ((Collection<?>) collection).stream().map(one -> words(parts, List.of(one)));
    return items((collection instanceof List ? items : items.sorted()).toList());
  }

  private static String words(List<Form> parts, List<?> values) {
    List<@Nullable String> out = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      parts.get(i).write(values.get(i), out);
    }
    return words(out);
  }

  private static Object collection(String text, Type type, List<Form> parts) {
    List<Object> list = new ArrayList<>();
    Map<Object, Object> map = new HashMap<>();
    for (List<@Nullable String> item : items(text)) {
      Iterator<@Nullable String> in = item.iterator();
      Object first = present(parts.getFirst().read(in));
      if (type == Map.class) {
        must(map.put(first, present(parts.getLast().read(in))) == null);
      } else {
        must(type == List.class || !list.contains(first));
        list.add(first);
      }
      must(!in.hasNext());
    }
    return type == Map.class ? map : type == List.class ? list : new HashSet<>(list);
  }

  private static Object present(@Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException("a value of the ledger is missing");
    }
    return value;
  }

  /** A use of reflection. */
  private interface Reflection<T> {
    T call() throws ReflectiveOperationException;
  }

  private static <T> T invoke(Reflection<T> use) {
    try {
      return use.call();
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof RuntimeException why ? why : new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
