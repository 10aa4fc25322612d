package org.sealwax.router.milter;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.message.HeaderScanner;

/**
 * A message with the changes of filters: its header section in memory, its body where it is stored.
 * Owned by one thread.
 *
 * <p>In mail of an untrusted client, all that filters add stands above the fields of the message,
 * which stay as they are, byte for byte, with the body: signatures remain valid, and other readers
 * see what was scanned.
 */
public final class MessageEdits implements Closeable {
  /** Fields that all filters may add. */
  static final int MAX_ADDED = 200;

  /** Bytes that all filters may add. */
  static final int MAX_ADDED_BYTES = 256 * 1024;

  /** What a field takes in memory besides its text. */
  private static final int FIELD = 128;

  private static final byte[] CRLF = {'\r', '\n'};

  /** Where memory for fields comes from. */
  @FunctionalInterface
  public interface FieldMemory {
    /** Takes bytes until the transaction ends; false when there are none. */
    boolean tryTake(long bytes);
  }

  /** There is no memory for the header section now. */
  public static final class NoMemory extends IOException {
    private static final long serialVersionUID = 1L;

    NoMemory() {
      super("no memory for a header section");
    }
  }

  /** One field with its line ends. */
  private record StoredField(String name, byte[] raw, boolean added) {
    /** After the colon, without the last line end, lines separated by LF. */
    byte[] value(boolean keepsSpace) {
      String all = new String(raw, StandardCharsets.ISO_8859_1);
      String value = all.substring(all.indexOf(':') + 1).replace("\r\n", "\n");
      String text = value.endsWith("\n") ? value.substring(0, value.length() - 1) : value;
      boolean spaced = !keepsSpace && text.startsWith(" ");
      return (spaced ? text.substring(1) : text).getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  private final boolean ours;
  private final FieldMemory memory;
  private final List<StoredField> fields = new ArrayList<>();
  private int originals;
  private boolean emptyLine;
  private int added;
  private long addedBytes;
  private boolean changed;
  private boolean eightBit;
  private @Nullable MilterContent body;

  private MessageEdits(boolean ours, FieldMemory memory) {
    this.ours = ours;
    this.memory = memory;
  }

  /**
   * Reads a header section; the stream stands at the body then.
   *
   * @param ours the client may relay: its fields and its body may be changed
   * @throws NoMemory when there is none
   */
  static MessageEdits read(InputStream in, boolean ours, FieldMemory memory) throws IOException {
    MessageEdits message = new MessageEdits(ours, memory);
    LineReader lines = new LineReader(in);
    byte[] line = lines.next();
    while (line.length > 0 && !isEmpty(line)) {
      ByteArrayOutputStream raw = new ByteArrayOutputStream(line.length);
      do {
        raw.write(line, 0, line.length);
        line = lines.next();
      } while (line.length > 0 && (line[0] == ' ' || line[0] == '\t'));
      message.append(raw.toByteArray());
    }
    message.emptyLine = line.length > 0;
    message.originals = message.fields.size();
    return message;
  }

  private void append(byte[] raw) throws NoMemory {
    take(raw.length);
    fields.add(new StoredField(name(raw), raw, false));
  }

  private void take(int bytes) throws NoMemory {
    if (!memory.tryTake(FIELD + bytes)) {
      throw new NoMemory();
    }
  }

  private static boolean isEmpty(byte[] line) {
    return line.length == 2 && line[0] == '\r';
  }

  private static String name(byte[] raw) {
    int colon = 0;
    while (colon < raw.length && raw[colon] != ':') {
      colon++;
    }
    return new String(raw, 0, colon, StandardCharsets.ISO_8859_1).strip();
  }

  /** Lines of a header section, which the scanner has bounded; reads nothing beyond them. */
  private static final class LineReader {
    private final InputStream in;
    private long left = HeaderScanner.DEFAULT_LIMIT + 1024L;

    private LineReader(InputStream in) {
      this.in = in;
    }

    /** With its line end; empty at the end of the message. */
    byte[] next() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream(80);
      for (int b = in.read(); b >= 0; b = in.read()) {
        line.write(b);
        if (--left < 0) {
          throw new IOException("a header section that is larger than what was scanned");
        }
        if (b == '\n') {
          break;
        }
      }
      return line.toByteArray();
    }
  }

  /** Whether a filter has changed anything. */
  public boolean isChanged() {
    return changed;
  }

  /** Whether what filters wrote has 8-bit characters. */
  public boolean isEightBit() {
    return eightBit;
  }

  /** Bytes of the fields that filters added. */
  public long addedBytes() {
    return addedBytes;
  }

  static boolean hasEightBit(byte[] bytes) {
    for (byte b : bytes) {
      if (b < 0) {
        return true;
      }
    }
    return false;
  }

  /** Number of fields. */
  int size() {
    return fields.size();
  }

  /** The name of a field. */
  String name(int index) {
    return fields.get(index).name();
  }

  /** The data of SMFIC_HEADER. */
  byte[] data(int index, boolean keepsSpace) {
    StoredField field = fields.get(index);
    byte[] name = field.name().getBytes(StandardCharsets.ISO_8859_1);
    byte[] value = field.value(keepsSpace);
    byte[] data = new byte[name.length + value.length + 2];
    System.arraycopy(name, 0, data, 0, name.length);
    System.arraycopy(value, 0, data, name.length + 1, value.length);
    return data;
  }

  /** The body as it is now. */
  InputStream openBody(MilterTransaction.FilteredMessage message) throws IOException {
    MilterContent replaced = body;
    if (replaced != null) {
      return replaced.read();
    }
    InputStream in = new BufferedInputStream(message.read());
    skipSection(in);
    return in;
  }

  @Override
  public void close() throws IOException {
    if (body != null) {
      body.close();
    }
  }

  /** Another body; only for our own mail. */
  void replaceBody(MilterContent other, boolean eight) throws IOException {
    if (!ours) {
      throw new IllegalStateException("the body of an untrusted client");
    }
    MilterContent before = body;
    body = other;
    eightBit |= eight;
    changed = true;
    if (before != null) {
      before.close();
    }
  }

  /**
   * Applies one change.
   *
   * @return false when it is not made, because the client is untrusted
   * @throws MilterException when all changes together are too large
   * @throws NoMemory when there is none
   */
  boolean apply(HeaderEdit edit, boolean keepsSpace) throws MilterException, NoMemory {
    return switch (edit) {
      case HeaderEdit.Add add -> {
        // Where the fields of the message must not move, its end is the end of what was added.
        insert(ours ? fields.size() : fields.size() - originals, add.field(), keepsSpace);
        yield true;
      }
      case HeaderEdit.Insert into -> {
        int end = ours ? fields.size() : fields.size() - originals;
        insert(Math.min(into.index(), end), into.field(), keepsSpace);
        yield true;
      }
      case HeaderEdit.Change change -> ours && change(change, keepsSpace);
    };
  }

  private void insert(int at, HeaderEdit.FieldText field, boolean keepsSpace)
      throws MilterException, NoMemory {
    byte[] raw = counted(field, keepsSpace);
    fields.add(at, new StoredField(field.name(), raw, true));
    changed = true;
  }

  private byte[] counted(HeaderEdit.FieldText field, boolean keepsSpace)
      throws MilterException, NoMemory {
    byte[] raw = HeaderEdit.raw(field, keepsSpace);
    addedBytes += raw.length;
    eightBit |= hasEightBit(raw);
    if (++added > MAX_ADDED || addedBytes > MAX_ADDED_BYTES) {
      throw new MilterException("too many changes to the header section");
    }
    take(raw.length);
    return raw;
  }

  private boolean change(HeaderEdit.Change change, boolean keepsSpace)
      throws MilterException, NoMemory {
    String name = change.field().name().toLowerCase(Locale.ROOT);
    int left = change.index();
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).name().toLowerCase(Locale.ROOT).equals(name) && --left == 0) {
        if (change.field().value().isEmpty()) {
          fields.remove(i);
        } else {
          byte[] raw = counted(change.field(), keepsSpace);
          fields.set(i, new StoredField(change.field().name(), raw, true));
        }
        changed = true;
        return true;
      }
    }
    if (!change.field().value().isEmpty()) {
      insert(fields.size(), change.field(), keepsSpace);
    }
    return true;
  }

  /**
   * Writes the message.
   *
   * @param former the message as it was read, from its first byte
   */
  public void writeTo(OutputStream out, InputStream former) throws IOException {
    if (!ours) {
      for (StoredField field : fields) {
        if (field.added()) {
          out.write(field.raw());
        }
      }
      former.transferTo(out);
      return;
    }
    for (StoredField field : fields) {
      out.write(field.raw());
    }
    MilterContent replaced = body;
    if (emptyLine || replaced != null) {
      out.write(CRLF);
    }
    if (replaced == null) {
      skipSection(former);
      former.transferTo(out);
    } else {
      try (InputStream in = replaced.read()) {
        in.transferTo(out);
      }
    }
  }

  private static void skipSection(InputStream in) throws IOException {
    LineReader lines = new LineReader(in);
    byte[] line = lines.next();
    while (line.length > 0 && !isEmpty(line)) {
      line = lines.next();
    }
  }
}
