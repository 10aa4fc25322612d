package org.sealwax.router.store;

import java.io.IOException;
import java.util.zip.CRC32C;
import org.sealwax.mail.net.FailureText;

/**
 * One kind of row as bytes: a version, then its fields.
 *
 * @param what kind of row, in errors: "a record of the queue"
 * @param version of the form, from 0 to 127
 * @param fields in their order
 * @param <T> of the rows' values
 */
public record RecordCodec<T>(String what, int version, FieldCodec<T> fields) {
  /** The row of a value. */
  public byte[] write(T value) {
    RecordOutput out = new RecordOutput(version);
    fields.write(out, value);
    return out.written();
  }

  /**
   * The value of a row.
   *
   * @throws IOException when the row is damaged or of another version
   */
  public T read(byte[] row) throws IOException {
    try {
      RecordInput in = new RecordInput(row, version);
      T value = fields.read(in);
      in.end();
      return value;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException(what + " is not readable: " + FailureText.of(e), e);
    }
  }

  /** The checksum that a store keeps next to a row, so that damage is seen (CRC-32C). */
  public static int checksum(byte[] row) {
    CRC32C sum = new CRC32C();
    sum.update(row, 0, row.length);
    return (int) sum.getValue();
  }
}
