package org.sealwax.mail.net;

import java.io.CharConversionException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A failure as text for people: the only place that puts the words of the C library, the JDK, the
 * TLS engines and SQLite into ours. Exceptions that our code makes carry our own words, and keep
 * them. What is not in the table gets a general phrase, and its own words go to the log.
 */
public final class FailureText {
  /** The logger that gets the words of libraries that are not shown. */
  public static final String LOGGER = "failure";

  private static final String OURS = "org.sealwax.";

  /** No admin reads further, and a peer may have chosen the words. */
  private static final int MAX_RAW = 300;

  /**
   * The texts of the libraries, in lower case, and ours; {@code %u} is the user. The first line
   * counts whose left side is part of the message.
   */
  private static final List<String[]> KNOWN =
      """
      too many open files             | %d
      connection refused              | connection refused
      connect timed out               | connection timed out
      connection timed out            | connection timed out
      read timed out                  | no answer in time
      accept timed out                | no connection in time
      connection reset                | connection reset by the peer
      connection closed by peer       | connection closed by the peer
      broken pipe                     | connection closed by the peer
      network is unreachable          | network is unreachable
      network is down                 | network is down
      no route to host                | no route to the host
      host is unreachable             | no route to the host
      host is down                    | the host is down
      address already in use          | the address is in use by another program
      cannot assign requested address | this machine does not have the local address
      address family not supported    | this machine does not use this address family
      protocol family unavailable     | this machine does not use this address family
      socket closed                   | the connection was closed
      socket is closed                | the connection was closed
      stream closed                   | the connection was closed
      closed by interrupt             | the connection was closed
      unexpected end of file          | the other side ended the connection too early
      permission denied               | permission denied for user %u
      operation not permitted         | not permitted for user %u
      no such file or directory       | no such file
      not a directory                 | a part of the path is not a folder
      is a directory                  | it is a folder, not a file
      file name too long              | the file name is too long
      no space left on device         | the disk is full
      disk quota exceeded             | the disk quota is used up
      read-only file system           | the file system is read-only
      input/output error              | the disk reports an error
      stale file handle               | the network file system has lost the file
      cannot allocate memory          | the machine is out of memory
      resource temporarily unavailable| the machine is temporarily out of resources
      exec format error               | it is not a program for this machine
      text file busy                  | another program is writing the file
      [sqlite_full                    | the disk is full
      [sqlite_corrupt                 | the database file is damaged
      [sqlite_notadb                  | the file is not a database
      [sqlite_busy                    | another process has locked the database
      [sqlite_locked                  | another process has locked the database
      [sqlite_readonly                | the database is read-only for user %u
      [sqlite_perm                    | permission denied for user %u
      [sqlite_cantopen                | user %u cannot open the database file
      [sqlite_ioerr                   | the disk reports an error
      [sqlite_nomem                   | the machine is out of memory
      pkix path building failed       | the certificate is from no trusted authority
      unable to find valid certif     | the certificate is from no trusted authority
      certificate expired             | the certificate has expired
      pkix path validation failed     | the certificate chain is not valid
      unrecognized ssl message        | the peer does not speak TLS
      not an ssl/tls record           | the peer does not speak TLS
      wrong version number            | the data is not TLS
      remote host terminated          | the peer closed the connection in the TLS handshake
      remote host closed              | the peer closed the connection in the TLS handshake
      no appropriate protocol         | no TLS version in common
      unsupported protocol            | no TLS version in common
      protocol version                | no TLS version in common
      cipher suites in common         | no cipher suite in common
      no shared cipher                | no cipher suite in common
      no shared group                 | no key exchange group in common
      wrong curve                     | a wrong key exchange group
      no common signature algorithms  | no signature algorithm in common
      wrong cipher returned           | a cipher suite that was not offered
      unknown cipher returned         | a cipher suite that was not offered
      unexpected extension            | an extension that was not offered
      inappropriate fallback          | the client reports a downgrade (TLS_FALLBACK_SCSV)
      tls13 downgrade                 | the server reports a downgrade
      digest check failed             | the Finished message is not valid
      renegotiation                   | renegotiation is not allowed
      excessive message size          | a TLS message is too long
      decryption failed               | a TLS record was damaged in transit
      bad record mac                  | a TLS record was damaged in transit
      bad decrypt                     | a TLS record was damaged in transit
      bad signature                   | the peer's signature is not valid
      invalid signature               | the peer's signature is not valid
      dh key too small                | the peer's Diffie-Hellman key is too short
      bad dh p length                 | the peer's Diffie-Hellman key is too short
      unexpected message              | a TLS message came out of order
      unexpected record               | a TLS message came out of order
      decode error                    | a TLS message is malformed
      bad packet length               | a TLS message is malformed
      """
          .lines()
          .map(line -> line.strip().split(" *\\| *", 2))
          .toList();

  /** The alert in a message of JSSE: {@code Received fatal alert: handshake_failure}. */
  private static final Pattern ALERT = Pattern.compile("(?i)received (?:fatal )?alert: ([a-z_]+)");

  /** What java.io adds after the name of a file: {@code /etc/x (Permission denied)}. */
  private static final Pattern FILE = Pattern.compile("^(/.*) \\(([A-Z][^()]*)\\)$");

  private FailureText() {}

  /**
   * A failure in our words, with the file where it is known: {@code /etc/x: no such file}.
   *
   * @param failure an exception of our code, the JDK or a library
   * @return a phrase without a full stop
   */
  public static String of(@Nullable Throwable failure) {
    if (failure == null) {
      return "no reason given";
    }
    if (failure instanceof CharacterCodingException || failure instanceof CharConversionException) {
      return "not UTF-8";
    }
    if (failure instanceof FileSystemException file) {
      return file.getFile() == null ? ofFile(file) : file.getFile() + ": " + ofFile(file);
    }
    String message = failure.getMessage();
    Throwable cause = failure.getCause();
    if (cause != null && (message == null || message.equals(cause.toString()))) {
      return of(cause);
    }
    if (message == null) {
      return general(failure);
    }
    if (isOurs(failure)) {
      return message;
    }
    Matcher file = FILE.matcher(message);
    if (file.matches()) {
      return file.group(1) + ": " + known(file.group(2)).orElseGet(() -> unknown(failure));
    }
    Matcher alert = ALERT.matcher(message);
    if (alert.find()) {
      return "the peer sent the alert " + alert.group(1).toLowerCase(Locale.ROOT);
    }
    return known(message).orElseGet(() -> unknown(failure));
  }

  /**
   * The same with the name of the file, which the exception may lack.
   *
   * @param file what was read or written
   * @param failure an exception of our code, the JDK or a library
   * @return a phrase without a full stop
   */
  public static String of(Path file, Throwable failure) {
    String text = of(failure);
    return text.startsWith(file.toString()) ? text : file + ": " + text;
  }

  /**
   * Tries to open a file or folder.
   *
   * @param file what will be read
   * @return why this process cannot read it, with its name; empty when it can
   */
  public static Optional<String> unreadable(Path file) {
    try (Closeable _ =
        Files.isDirectory(file) ? Files.newDirectoryStream(file) : RegularFile.open(file)) {
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(of(file, e));
    }
  }

  private static String ofFile(FileSystemException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied for user " + user();
      case FileAlreadyExistsException _ -> "exists already";
      case NotDirectoryException _ -> "is not a folder";
      case DirectoryNotEmptyException _ -> "the folder is not empty";
      default -> {
        String reason = failure.getReason();
        yield (reason == null ? Optional.<String>empty() : known(reason))
            .orElseGet(() -> unknown(failure));
      }
    };
  }

  /**
   * {@return our words for a library's message, if it is in the table}
   *
   * @param message of the library
   */
  public static Optional<String> known(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    return KNOWN.stream()
        .filter(row -> lower.contains(row[0]))
        .findFirst()
        .map(row -> row[1].replace("%d", FileDescriptors.TEXT).replace("%u", user()));
  }

  /**
   * Writes a library's own words to the log, for what is shown without them.
   *
   * @param failure the exception
   */
  public static void log(Throwable failure) {
    String raw = failure.toString();
    LoggerFactory.getLogger(LOGGER).warn(raw.length() > MAX_RAW ? raw.substring(0, MAX_RAW) : raw);
  }

  private static String unknown(Throwable failure) {
    log(failure);
    return general(failure);
  }

  private static String general(Throwable failure) {
    if (failure.getClass().getName().startsWith("javax.net.ssl.")) {
      return "TLS failed";
    }
    return switch (failure) {
      case FileSystemException _ -> "the file cannot be used";
      case java.net.SocketTimeoutException _ -> "no answer in time";
      case java.io.EOFException _ -> "the data ends too early";
      case java.net.UnknownHostException _ -> "the host name is not known";
      case java.nio.channels.ClosedChannelException _ -> "the connection was closed";
      case java.net.SocketException _ -> "the connection failed";
      case IOException _ -> "reading or writing failed";
      default ->
          failure.getClass().getSimpleName().startsWith("SQL")
              ? "the database failed"
              : "an unexpected failure (" + failure.getClass().getSimpleName() + ")";
    };
  }

  /** Whether our code made it, so that its message is ours, too. */
  private static boolean isOurs(Throwable failure) {
    StackTraceElement[] trace = failure.getStackTrace();
    return trace.length > 0 && trace[0].getClassName().startsWith(OURS);
  }

  /** The user of this process, in quotes. */
  private static String user() {
    return '"' + System.getProperty("user.name", "?") + '"';
  }
}
