package org.sealwax.router.ledger;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * A table of records, whose columns are derived from their components: each fact is declared once,
 * and a person can read it in the file. A component {@code mxUntil} is the column {@code mx_until};
 * a record inside has a column for each of its components, {@code encrypt_sessions}. Times are in
 * UTC, a long is a day and written as a date, an enum is its name in lower case, what is missing is
 * NULL. A collection is one text: items separated by ", ", their words by a space. The hosts of a
 * domain are rows of another table, and no column.
 *
 * @param <R> of the records; all of an int's values are counts
 */
final class RecordColumns<R extends Record> {
  static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");
  private static final String BETWEEN_ITEMS = ", ";
  private static final String BETWEEN_WORDS = " ";
  private static final String MISSING = "-";

  /**
   * The form of one component's values.
   *
   * @param declare adds its columns, each with its type, for a component of this name
   * @param write adds a text for each column
   * @param read takes a text of each column; null when all of them are missing
   */
  private record Form(
      BiConsumer<String, List<String>> declare,
      BiConsumer<@Nullable Object, List<@Nullable String>> write,
      Function<Iterator<@Nullable String>, @Nullable Object> read) {}

  private record Component(Method accessor, boolean nullable, Form form) {
    String column() {
      return accessor.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
  }

  private static final Form ELSEWHERE = new Form((name, out) -> {}, (v, out) -> {}, in -> Map.of());

  private final String table;
  private final int keys;
  private final Form fields;
  private final List<String> columns;
  private final String names;
  private final String put;

  /**
   * A table.
   *
   * @param keys names of its first columns, which are texts and no components
   */
  RecordColumns(String table, Class<R> kind, String... keys) {
    this.table = table;
    this.keys = keys.length;
    this.fields = fields(kind);
    this.columns = new ArrayList<>();
    for (String key : keys) {
      columns.add(key + " TEXT");
    }
    fields.declare().accept("", columns);
    this.names = columns.stream().map(c -> c.split(" ", 2)[0]).collect(Collectors.joining(", "));
    String values = String.join(", ", Collections.nCopies(columns.size(), "?"));
    this.put = "INSERT OR REPLACE INTO " + table + "(" + names + ") VALUES(" + values + ")";
  }

  /** The names of its columns, as a SELECT statement has them. */
  String names() {
    return names;
  }

  /** The statement that makes it; {@code rest} is what follows the columns. */
  String create(String rest) {
    return "CREATE TABLE " + table + "(" + String.join(", ", columns) + ", " + rest;
  }

  /** The statement that puts a row into it. */
  String put() {
    return put;
  }

  /** A value for each column. */
  List<@Nullable String> write(R record, String... first) {
    List<@Nullable String> out = new ArrayList<>(List.of(first));
    fields.write().accept(record, out);
    return out;
  }

  /**
   * The record of a row.
   *
   * @throws IllegalArgumentException or DateTimeException when it is not exactly such a row
   */
  @SuppressWarnings("unchecked") // the constructor is that of R
  R read(List<@Nullable String> row) {
    Iterator<@Nullable String> in = row.listIterator(keys);
    Object record = present(fields.read().apply(in));
    must(!in.hasNext());
    return (R) record;
  }

  static void must(boolean claim) {
    if (!claim) {
      throw new IllegalArgumentException("not a record of the ledger");
    }
  }

  private static <T> T present(@Nullable T value) {
    must(value != null);
    return Objects.requireNonNull(value);
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

  /** A record's: those of its components. */
  private static Form fields(Class<?> kind) {
    List<Component> components = new ArrayList<>();
    for (RecordComponent c : kind.getRecordComponents()) {
      boolean nullable = c.getAnnotatedType().isAnnotationPresent(Nullable.class);
      components.add(new Component(c.getAccessor(), nullable, form(c.getGenericType())));
    }
    Constructor<?> constructor = kind.getDeclaredConstructors()[0];
    return new Form(
        (name, out) -> {
          for (Component c : components) {
            c.form().declare().accept(name.isEmpty() ? c.column() : name + "_" + c.column(), out);
          }
        },
        (value, out) -> {
          for (Component c : components) {
            Object part = value == null ? null : invoke(() -> c.accessor().invoke(value));
            c.form().write().accept(part, out);
          }
        },
        in -> {
          @Nullable Object[] values = new @Nullable Object[components.size()];
          for (int i = 0; i < values.length; i++) {
            values[i] = components.get(i).form().read().apply(in);
          }
          if (Arrays.stream(values).allMatch(Objects::isNull)) {
            return null;
          }
          for (int i = 0; i < values.length; i++) {
            must(values[i] != null || components.get(i).nullable());
          }
          return invoke(() -> constructor.newInstance(values));
        });
  }

  private static Form form(Type type) {
    if (type instanceof ParameterizedType of) {
      List<Type> parts = List.of(of.getActualTypeArguments());
      if (parts.getFirst() == RememberedSample.class) {
        return single(
            v ->
                RememberedSample.text(
                    ((List<?>) v).stream().map(RememberedSample.class::cast).toList()),
            RememberedSample::list);
      }
      return parts.getLast() == HostRecord.class
          ? ELSEWHERE
          : collection(of.getRawType(), parts.stream().map(RecordColumns::form).toList());
    } else if (type == int.class) {
      return single(" INTEGER", null, Object::toString, t -> count(t, LevelProgress.ENOUGH));
    } else if (type == boolean.class) {
      return single(" INTEGER", null, v -> v.equals(true) ? "1" : "0", t -> count(t, 1) == 1);
    } else if (type == long.class) {
      return single(
          " TEXT",
          Long.MIN_VALUE,
          v -> LocalDate.ofEpochDay((Long) v).toString(),
          text -> LocalDate.parse(text).toEpochDay());
    } else if (type == Instant.class) {
      return single(v -> written((Instant) v).toString(), RecordColumns::time);
    } else if (type == MxPattern.class) {
      return single(Object::toString, text -> MxPattern.parse(text).orElse(null));
    } else if (type == Pin.class) {
      return single(v -> ((Pin) v).hex(), Pin::new);
    } else if (type == Domain.class) {
      return single(Object::toString, Domain::new);
    }
    Class<?> kind = (Class<?>) type;
    return kind.isRecord() ? fields(kind) : word(kind.getEnumConstants());
  }

  private static Form single(
      Function<Object, String> text, Function<String, @Nullable Object> value) {
    return single(" TEXT", null, text, value);
  }

  /** A value in one column; {@code absent} is NULL there. */
  private static Form single(
      String type,
      @Nullable Object absent,
      Function<Object, String> text,
      Function<String, @Nullable Object> value) {
    return new Form(
        (name, out) -> out.add(name + type),
        (v, out) -> out.add(v == null || v.equals(absent) ? null : text.apply(v)),
        in -> {
          must(in.hasNext());
          String found = in.next();
          return found == null ? absent : present(value.apply(found));
        });
  }

  private static Form word(Object[] constants) {
    Map<String, Object> words = new HashMap<>();
    for (Object constant : constants) {
      words.put(constant.toString().toLowerCase(Locale.ROOT), constant);
    }
    return single(v -> v.toString().toLowerCase(Locale.ROOT), words::get);
  }

  private static int count(String text, int most) {
    int count = Integer.parseInt(text);
    must(count >= 0 && count <= most);
    return count;
  }

  private static Instant written(Instant at) {
    return within(at).truncatedTo(ChronoUnit.MILLIS);
  }

  private static Instant time(String text) {
    Instant at = Instant.parse(text);
    must(at.equals(written(at)));
    return at;
  }

  /** Items of one part, or of a key and a value. */
  private static Form collection(Type type, List<Form> parts) {
    return single(
        all -> {
          Stream<String> items =
              all instanceof Map<?, ?> map
                  ? map.entrySet().stream().map(e -> item(parts, e.getKey(), e.getValue()))
                  : ((Collection<?>) all).stream().map(one -> item(parts, one));
          return items((type == List.class ? items : items.sorted()).toList());
        },
        text -> {
          List<List<Object>> items = items(text).stream().map(words -> item(parts, words)).toList();
          List<Object> firsts = items.stream().map(List::getFirst).toList();
          Set<Object> distinct = new HashSet<>(firsts);
          must(type == List.class || distinct.size() == firsts.size());
          if (type == Map.class) {
            return items.stream().collect(Collectors.toMap(List::getFirst, List::getLast));
          }
          return type == List.class ? firsts : distinct;
        });
  }

  private static String item(List<Form> parts, Object... values) {
    List<@Nullable String> words = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      parts.get(i).write().accept(values[i], words);
    }
    return words(words);
  }

  private static List<Object> item(List<Form> parts, List<@Nullable String> words) {
    Iterator<@Nullable String> in = words.iterator();
    List<Object> values = new ArrayList<>();
    parts.forEach(part -> values.add(present(part.read().apply(in))));
    must(!in.hasNext());
    return values;
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
