package org.sealwax.mail.net;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/**
 * The one place that opens files for reading whose names come from an admin, from another program
 * or from the state folder. A FIFO blocks its reader until a program writes, and a device may have
 * no end: only regular files are read, and never more than a limit. Every failure names the file,
 * and {@link FailureText#of(Path, Throwable)} has words for it.
 */
public final class RegularFile {
  /** Links in a path that are followed: as many as Linux follows (path_resolution(7)). */
  private static final int MAX_LINKS = 40;

  private RegularFile() {}

  /**
   * Checks that a path is a regular file, perhaps behind symbolic links.
   *
   * @param file what will be opened by other means
   * @throws IOException when it is missing, of another kind, or behind a folder that this user
   *     cannot enter
   */
  public static void check(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (attributes.isDirectory()) {
      throw new IOException(file + ": it is a folder, not a file");
    }
    if (!attributes.isRegularFile()) {
      throw new IOException(file + ": not a regular file");
    }
  }

  /**
   * Opens a file that is read in pieces.
   *
   * @param file the file
   * @return its content; the caller limits what it keeps
   * @throws IOException when it is missing, no regular file, or cannot be opened
   */
  public static InputStream open(Path file) throws IOException {
    check(file);
    return Files.newInputStream(file);
  }

  /**
   * Opens a file or an anonymous pipe, as of {@code <(command)} or {@code /dev/stdin} of a shell:
   * for commands that read a file once, from front to end. A named FIFO is refused.
   *
   * @param file the file
   * @return its content; the caller limits what it keeps
   * @throws IOException when it is missing, of another kind, or cannot be opened
   */
  public static InputStream openOrPipe(Path file) throws IOException {
    if (!isPipe(file)) {
      check(file);
    }
    return Files.newInputStream(file);
  }

  /** An open pipe is a link in {@code /proc} to {@code pipe:} and its number (proc_pid_fd(5)). */
  private static boolean isPipe(Path file) throws IOException {
    try {
      Path at = file;
      for (int i = 0; i < MAX_LINKS && Files.isSymbolicLink(at); i++) {
        Path target = Files.readSymbolicLink(at);
        if (target.toString().startsWith("pipe:[")) {
          return Files.readAttributes(file, BasicFileAttributes.class).isOther();
        }
        at = at.resolveSibling(target);
      }
      return false;
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * Reads a whole file.
   *
   * @param file the file
   * @param limit maximum size in bytes
   * @return its content
   * @throws IOException when it is missing, no regular file, larger, or cannot be read
   */
  public static byte[] bytes(Path file, int limit) throws IOException {
    try (InputStream in = open(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new IOException(file + ": larger than " + limit + " bytes");
      }
      return bytes;
    }
  }

  /**
   * Reads a whole file as text.
   *
   * @param file the file
   * @param charset of the text
   * @param limit maximum size in bytes
   * @return its content
   * @throws IOException as {@link #bytes} does, and when it is not text in this charset
   */
  public static String text(Path file, Charset charset, int limit) throws IOException {
    try {
      return charset.newDecoder().decode(ByteBuffer.wrap(bytes(file, limit))).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(file + ": not " + charset.name(), e);
    }
  }

  /**
   * Reads the lines of a file.
   *
   * @param file the file
   * @param charset of the text
   * @param limit maximum size in bytes
   * @return the lines without their ends
   * @throws IOException as {@link #text} does
   */
  public static List<String> lines(Path file, Charset charset, int limit) throws IOException {
    return text(file, charset, limit).lines().toList();
  }
}
