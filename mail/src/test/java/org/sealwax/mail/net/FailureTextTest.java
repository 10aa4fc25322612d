package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words of the JDK and of libraries, as the program shows them. */
final class FailureTextTest {
  @TempDir private Path folder = Path.of("");

  private static final String USER = '"' + System.getProperty("user.name") + '"';

  /** As a library throws it: none of our frames at the top. */
  private static <T extends Throwable> T foreign(T failure) {
    failure.setStackTrace(new StackTraceElement[0]);
    return failure;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Connection refused | connection refused
          Connection reset by peer | connection reset by the peer
          Broken pipe | connection closed by the peer
          Read timed out | no answer in time
          Network is unreachable | network is unreachable
          Cannot assign requested address | this machine does not have the local address
          No space left on device | the disk is full
          [SQLITE_FULL] Insertion failed because database is full | the disk is full
          [SQLITE_CORRUPT]  The database disk image is malformed | the database file is damaged
          [SQLITE_BUSY] The database file is locked | another process has locked the database
          Received fatal alert: handshake_failure | the peer sent the alert handshake_failure
          (certificate_unknown) PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target | the certificate is from no trusted authority
          Unsupported or unrecognized SSL message | the peer does not speak TLS
          No appropriate protocol (protocol is disabled or cipher suites are inappropriate) | no TLS version in common
          wrong curve | a wrong key exchange group
          inappropriate fallback | the client reports a downgrade (TLS_FALLBACK_SCSV)
          Too many open files | the process has no file descriptors left: raise LimitNOFILE (ulimit -n)
          """)
  void knownTextsAreSaidInOurWords(String raw, String ours) {
    assertEquals(ours, FailureText.of(foreign(new IOException(raw))));
  }

  @Test
  void whatTheJdkThrowsIsKnown() throws Exception {
    int closed;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = server.getLocalPort();
      server.setSoTimeout(1);
      assertEquals(
          "no connection in time",
          FailureText.of(assertThrows(SocketTimeoutException.class, server::accept)));
    }
    try (Socket socket = new Socket()) {
      IOException refused =
          assertThrows(
              IOException.class,
              () ->
                  socket.connect(
                      new InetSocketAddress(InetAddress.getLoopbackAddress(), closed), 2_000));
      assertEquals("connection refused", FailureText.of(refused));
    }
    try (Socket socket = new Socket()) {
      IOException away =
          assertThrows(
              IOException.class, () -> socket.bind(new InetSocketAddress("203.0.113.9", 0)));
      assertEquals("this machine does not have the local address", FailureText.of(away));
    }
  }

  @Test
  void fileErrorsNameTheFileAndTheUser() throws Exception {
    Path missing = folder.resolve("missing");
    String none = missing + ": no such file";
    assertEquals(
        none, FailureText.of(assertThrows(IOException.class, () -> Files.readString(missing))));
    assertEquals(
        none,
        FailureText.of(
            assertThrows(IOException.class, () -> new FileInputStream(missing.toFile()))));
    assertEquals(
        none, FailureText.of(missing, new java.nio.file.NoSuchFileException("" + missing)));
    assertEquals(
        "/etc/x: permission denied for user " + USER,
        FailureText.of(foreign(new AccessDeniedException("/etc/x"))));
    assertEquals(
        folder + ": it is a folder, not a file",
        FailureText.of(folder, assertThrows(IOException.class, () -> Files.readAllBytes(folder))));
    assertEquals(Optional.of(none), FailureText.unreadable(missing));
    assertEquals(Optional.empty(), FailureText.unreadable(folder));
    assertEquals(
        none,
        FailureText.of(
            new UncheckedIOException(new java.nio.file.NoSuchFileException("" + missing))));
  }

  @Test
  void ourOwnWordsStay() {
    assertEquals("the list is empty", FailureText.of(new IOException("the list is empty")));
    assertEquals("no reason given", FailureText.of(null));
  }

  @Test
  void unknownWordsOfALibraryAreNotShown() {
    assertEquals(
        "the connection failed", FailureText.of(foreign(new SocketException("Foo 17 happened"))));
    assertEquals("TLS failed", FailureText.of(foreign(new SSLHandshakeException("Foo happened"))));
    assertEquals(
        "reading or writing failed", FailureText.of(foreign(new IOException("Foo happened"))));
    assertEquals("the data ends too early", FailureText.of(foreign(new java.io.EOFException())));
    assertTrue(
        FailureText.of(foreign(new IllegalStateException("Foo"))).startsWith("an unexpected"));
  }
}
