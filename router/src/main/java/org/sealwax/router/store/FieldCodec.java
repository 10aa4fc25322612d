package org.sealwax.router.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The form of one kind of value in a row: numbers of variable length (seven bits in each byte, the
 * lowest first), texts in UTF-8 after their length. Reading throws IllegalArgumentException or
 * IndexOutOfBoundsException for whatever writing cannot have made; {@link RecordCodec} turns both
 * into an IOException.
 *
 * @param <T> of values; may be nullable
 */
public interface FieldCodec<T extends @Nullable Object> {
  /** Bounds what a damaged length can make us allocate. */
  int MAX_COUNT = 1_000_000;

  /** Appends a value. */
  void write(RecordOutput out, T value);

  /** Reads the value that comes next. */
  T read(RecordInput in);

  /** Any number; a negative one takes ten bytes. */
  FieldCodec<Long> NUMBER = of(RecordOutput::number, RecordInput::number);

  /** A number from 0 to {@link #MAX_COUNT}. */
  FieldCodec<Integer> COUNT = of((out, count) -> out.number(count), RecordInput::count);

  /** A byte, 0 or 1. */
  FieldCodec<Boolean> FLAG = of(RecordOutput::flag, RecordInput::flag);

  /** UTF-8. */
  FieldCodec<String> TEXT = of(RecordOutput::text, RecordInput::text);

  /** A time, to the millisecond. */
  FieldCodec<Instant> TIME = NUMBER.as(Instant::toEpochMilli, Instant::ofEpochMilli);

  /** How a value is appended. */
  interface FieldWriter<T extends @Nullable Object> {
    /** Appends it. */
    void write(RecordOutput out, T value);
  }

  /** How a value is read. */
  interface FieldReader<T extends @Nullable Object> {
    /** Reads it. */
    T read(RecordInput in);
  }

  /** A form that is written and read so. */
  static <T extends @Nullable Object> FieldCodec<T> of(
      FieldWriter<? super T> writer, FieldReader<? extends T> reader) {
    return new FieldCodec<>() {
      @Override
      public void write(RecordOutput out, T value) {
        writer.write(out, value);
      }

      @Override
      public T read(RecordInput in) {
        return reader.read(in);
      }
    };
  }

  /** The same form for another kind of value, each of which stands for one of this kind. */
  default <V> FieldCodec<V> as(Function<V, T> of, Function<T, V> to) {
    return of((out, value) -> write(out, of.apply(value)), in -> to.apply(read(in)));
  }

  /** A flag, and the value unless it is null. */
  static <T> FieldCodec<@Nullable T> optional(FieldCodec<T> codec) {
    return new FieldCodec<@Nullable T>() {
      @Override
      public void write(RecordOutput out, @Nullable T value) {
        out.flag(value != null);
        if (value != null) {
          codec.write(out, value);
        }
      }

      @Override
      public @Nullable T read(RecordInput in) {
        return in.flag() ? codec.read(in) : null;
      }
    };
  }

  /** Their number, and each. */
  static <T> FieldCodec<List<T>> list(FieldCodec<T> codec) {
    return of(
        (out, values) -> {
          out.number(values.size());
          values.forEach(value -> codec.write(out, value));
        },
        in -> {
          int count = in.count();
          List<T> values = new ArrayList<>(Math.min(count, 1000));
          for (int i = 0; i < count; i++) {
            values.add(codec.read(in));
          }
          return values;
        });
  }

  /**
   * One of some constants, by its place among them: part of the format, so they are only appended
   * to. (Not the order of an enum, which may change.)
   */
  static <T> FieldCodec<T> choice(List<T> values) {
    return COUNT.as(values::indexOf, values::get);
  }

  /**
   * The fields of a record in their order, each named once for both directions: when the record is
   * read, {@link Fields#next} gives what comes next in the row; when one is written, it appends
   * that part of it and gives it back.
   */
  static <T> FieldCodec<T> record(Function<Fields<T>, T> fields) {
    return of(
        (out, value) -> {
          var _ = fields.apply(Fields.writing(value, out));
        },
        in -> fields.apply(Fields.reading(in)));
  }

  /**
   * The fields of one record, in order.
   *
   * @param <T> of the record
   */
  interface Fields<T> {
    /** The next field. */
    <V extends @Nullable Object> V next(FieldCodec<V> codec, Function<T, V> part);

    /** Those of a record that is written. */
    private static <T> Fields<T> writing(T whole, RecordOutput out) {
      return new Fields<>() {
        @Override
        public <V extends @Nullable Object> V next(FieldCodec<V> codec, Function<T, V> part) {
          V value = part.apply(whole);
          codec.write(out, value);
          return value;
        }
      };
    }

    /** Those of a record that is read. */
    private static <T> Fields<T> reading(RecordInput in) {
      return new Fields<>() {
        @Override
        public <V extends @Nullable Object> V next(FieldCodec<V> codec, Function<T, V> part) {
          return codec.read(in);
        }
      };
    }
  }
}
