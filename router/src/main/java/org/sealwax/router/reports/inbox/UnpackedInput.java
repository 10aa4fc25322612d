package org.sealwax.router.reports.inbox;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;

/**
 * A report while it is unpacked. Reading ends with an exception after a number of bytes: a
 * decompression bomb costs no more than a large report. Not thread-safe.
 */
public final class UnpackedInput extends FilterInputStream {
  private final long most;
  private long left;

  /** There are more bytes than the limit. */
  public static final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1;

    TooLargeException(long most) {
      super("uncompressed, it has more than " + most + " bytes");
    }
  }

  private UnpackedInput(InputStream in, long most) {
    super(in);
    this.most = most;
    this.left = most;
  }

  /**
   * gzip (RFC 1952).
   *
   * @param most bytes after unpacking
   * @throws IOException when it is not gzip
   */
  public static InputStream gzip(byte[] packed, long most) throws IOException {
    return new UnpackedInput(new GZIPInputStream(new ByteArrayInputStream(packed)), most);
  }

  /**
   * The one file in a ZIP archive. Reading fails at its end when another one follows.
   *
   * @param most bytes after unpacking
   * @throws IOException when it is not a ZIP archive, or an empty or an encrypted one
   */
  public static InputStream zip(byte[] packed, long most) throws IOException {
    try {
      ZipInputStream files = new ZipInputStream(new ByteArrayInputStream(packed));
      if (files.getNextEntry() == null) {
        throw new ZipException("no file in it");
      }
      return new UnpackedInput(new OnlyFile(files), most);
    } catch (IllegalArgumentException e) {
      throw new IOException("a name in it is not text", e);
    }
  }

  /**
   * What is not packed, with the same limit.
   *
   * @param most bytes
   */
  public static InputStream plain(InputStream in, long most) {
    return new UnpackedInput(in, most);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    int n = read(one, 0, 1);
    return n < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int n;
    try {
      // One more than is allowed shows that there is more.
      n = in.read(into, offset, (int) Math.min(length, left + 1));
    } catch (EOFException e) {
      // The archive ends too early; readers of XML take this exception for the end of the document.
      throw new ZipException("it is cut off");
    }
    if (n > left) {
      throw new TooLargeException(most);
    }
    left -= Math.max(n, 0);
    return n;
  }

  @Override
  public long skip(long n) {
    return 0; // read instead: the limit counts what is read
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /** The first file of an archive. */
  private static final class OnlyFile extends FilterInputStream {
    private final ZipInputStream files;
    private boolean ended;

    OnlyFile(ZipInputStream files) {
      super(files);
      this.files = files;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = ended ? -1 : in.read(into, offset, length);
      if (n < 0 && !ended) {
        ended = true;
        checkLast();
      }
      return n;
    }

    private void checkLast() throws IOException {
      try {
        if (files.getNextEntry() != null) {
          throw new ZipException("more than one file in it");
        }
      } catch (IllegalArgumentException e) {
        throw new IOException("a name in it is not text", e);
      }
    }
  }
}
