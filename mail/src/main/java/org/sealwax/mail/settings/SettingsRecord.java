package org.sealwax.mail.settings;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes settings records by the names of their components, so that no two values can change places.
 * A component that declares no key is another settings record, a table or the rows of one, or given
 * by name.
 */
public final class SettingsRecord {
  private SettingsRecord() {}

  /** What a record class is made of; read once. */
  record Shape(Constructor<?> constructor, List<Part> parts) {
    List<SettingKey> keys() {
      List<SettingKey> keys = new ArrayList<>();
      for (Part part : parts) {
        if (part.key != null) {
          keys.add(part.key);
        } else if (part.nested != null) {
          keys.addAll(shape(part.nested).keys());
        }
      }
      return keys;
    }
  }

  private record Part(
      String name,
      Class<?> type,
      Method accessor,
      @Nullable SettingKey key,
      @Nullable Class<? extends Record> nested,
      @Nullable Class<? extends Record> table) {
    Object in(Record record) {
      return invoke(() -> accessor.invoke(record));
    }

    @Nullable Object read(SettingSource values) {
      return key != null ? values.value(key) : table != null ? values.table(table) : null;
    }

    /** A value as the component has it: optional, or an empty list, where there is none. */
    @Nullable Object component(@Nullable Object value) {
      if (type == Optional.class && !(value instanceof Optional)) {
        return Optional.ofNullable(value);
      }
      if (type == String.class && value instanceof Path file) {
        return file.toString();
      }
      Object one = value == null && Collection.class.isAssignableFrom(type) ? List.of() : value;
      return type == Set.class && one instanceof List<?> some ? Set.copyOf(some) : one;
    }
  }

  private static final ClassValue<Shape> SHAPES =
      new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
          return read(type);
        }
      };

  static Shape shape(Class<? extends Record> type) {
    return SHAPES.get(type);
  }

  private static Shape read(Class<?> type) {
    List<Part> parts = new ArrayList<>();
    List<Class<?>> types = new ArrayList<>();
    for (RecordComponent c : type.getRecordComponents()) {
      SettingKey key = SettingKey.of(c);
      Class<?> own = c.getType();
      boolean settings =
          key == null
              && own.isRecord()
              && !own.isAnnotationPresent(SettingTable.class)
              && !keys(own).isEmpty();
      Method accessor = c.getAccessor();
      accessor.setAccessible(true);
      parts.add(
          new Part(
              c.getName(),
              own,
              accessor,
              key,
              settings ? own.asSubclass(Record.class) : null,
              tableOf(c.getGenericType())));
      types.add(c.getType());
    }
    Constructor<?> constructor =
        invoke(() -> type.getDeclaredConstructor(types.toArray(Class[]::new)));
    constructor.setAccessible(true);
    return new Shape(constructor, parts);
  }

  /** The record class of a table, or of the rows of one, or null. */
  private static @Nullable Class<? extends Record> tableOf(Type type) {
    Type one = type instanceof ParameterizedType list ? list.getActualTypeArguments()[0] : type;
    return one instanceof Class<?> row && row.isAnnotationPresent(SettingTable.class)
        ? row.asSubclass(Record.class)
        : null;
  }

  /**
   * {@return the record classes of all tables that a record has, in order, each once}
   *
   * @param type the record class
   */
  public static Set<Class<? extends Record>> tables(Class<? extends Record> type) {
    Set<Class<? extends Record>> all = new LinkedHashSet<>();
    for (Part part : shape(type).parts) {
      Class<? extends Record> within = part.table == null ? part.nested : part.table;
      if (part.table != null) {
        all.add(part.table);
      }
      if (within != null) {
        all.addAll(tables(within));
      }
    }
    return all;
  }

  private static List<SettingKey> keys(Class<?> type) {
    return shape(type.asSubclass(Record.class)).keys();
  }

  /**
   * {@return a record with the default of every key}
   *
   * @param type the record class
   * @param others components without key or default, by name
   * @param <R> the record class
   */
  public static <R extends Record> R defaults(Class<R> type, Map<String, ?> others) {
    return of(type, SettingKey::initial, others);
  }

  /**
   * {@return a record of read values}
   *
   * @param type the record class
   * @param values what was read
   * @param others components whose key has no value, and those without a key, by name
   * @param <R> the record class
   * @throws IllegalArgumentException of the record's constructor
   */
  public static <R extends Record> R of(
      Class<R> type, SettingSource values, Map<String, ?> others) {
    return make(
        type,
        part -> {
          boolean given = part.key == null && others.containsKey(part.name);
          Object value = given ? null : part.read(values);
          if (value != null) {
            return value;
          }
          if (given || part.key != null || part.table != null) {
            return others.get(part.name);
          }
          if (part.nested == null) {
            throw new IllegalStateException(type.getSimpleName() + "." + part.name + " not given");
          }
          return of(part.nested, values, others);
        });
  }

  /**
   * {@return the same with some other keys}
   *
   * @param base the record
   * @param values what was read; null: as in {@code base}
   * @param <R> the record class
   * @throws IllegalArgumentException of the record's constructor
   */
  public static <R extends Record> R over(R base, SettingSource values) {
    return make(
        type(base),
        part -> {
          Object value = part.read(values);
          if (value != null) {
            return value;
          }
          return part.nested == null ? part.in(base) : over((Record) part.in(base), values);
        });
  }

  /**
   * {@return the same with some other components}
   *
   * @param base the record
   * @param changes by name of the component; a name that is none is an error
   * @param <R> the record class
   */
  public static <R extends Record> R with(R base, Map<String, ?> changes) {
    for (String name : changes.keySet()) {
      if (shape(base.getClass()).parts.stream().noneMatch(p -> p.name.equals(name))) {
        throw new IllegalArgumentException("no component " + name);
      }
    }
    return make(type(base), p -> changes.containsKey(p.name) ? changes.get(p.name) : p.in(base));
  }

  /**
   * Calls {@code each} with every key of a record and its value.
   *
   * @param record the record
   * @param each gets keys of the records within it, too
   */
  public static void forEach(Record record, BiConsumer<SettingKey, Object> each) {
    for (Part part : shape(record.getClass()).parts) {
      if (part.key != null) {
        each.accept(part.key, Optional.ofNullable(part.in(record)));
      } else if (part.nested != null) {
        forEach((Record) part.in(record), each);
      }
    }
  }

  @SuppressWarnings("unchecked") // a record class is final
  private static <R extends Record> Class<R> type(R record) {
    return (Class<R>) record.getClass();
  }

  private static <R extends Record> R make(Class<R> type, Function<Part, @Nullable Object> values) {
    Shape shape = shape(type);
    @Nullable Object[] arguments = new @Nullable Object[shape.parts.size()];
    for (int i = 0; i < arguments.length; i++) {
      Part part = shape.parts.get(i);
      arguments[i] = part.component(values.apply(part));
    }
    return type.cast(invoke(() -> shape.constructor.newInstance(arguments)));
  }

  /** A call by reflection. */
  interface Call<T> {
    T run() throws ReflectiveOperationException;
  }

  /** What a call returns; an unchecked exception of the callee as it is. */
  static <T> T invoke(Call<T> call) {
    try {
      return call.run();
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
