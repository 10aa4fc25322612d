package org.sealwax.assess.receiver;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.StandardConstants;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.wire.ClientHello;

/**
 * A small mail server with real TLS (JSSE) and the faults of SMTP that only show under it. Every
 * field may be changed before {@link #start}.
 */
final class FaultyMailServer implements AutoCloseable {
  static {
    TlsFactory.prepareJvm();
  }

  String[] protocols = {"TLSv1.2", "TLSv1.3"};
  String @Nullable [] suites;
  String capsBefore = "PIPELINING,SIZE 1000,8BITMIME,STARTTLS";
  String capsAfter = "PIPELINING,SIZE 1000,8BITMIME";
  boolean implicit;
  boolean processesInjectedText;
  boolean keepsTransactionAcrossStarttls;
  boolean acceptsAgain;
  boolean dropsAfterTls;
  boolean asksCertificate;

  /** Server names that it ends the handshake over. */
  Predicate<String> refusesName = name -> false;

  /**
   * How: the alert that is sent; -1 is a close without one, -2 that of the engine
   * (unrecognized_name).
   */
  int refusalOfName = -2;

  /** Server names that came. */
  final Set<String> names = ConcurrentHashMap.newKeySet();

  boolean demandsCertificate;
  boolean rejectsUnknownClients;
  boolean dropsInjected;
  long greetDelay;
  long replyDelay;
  boolean forgetsSessions;
  int throttledAfter = Integer.MAX_VALUE;
  int refusalsOfStarttls;

  /** What ends a message. */
  Set<String> ends = Set.of("\r\n.\r\n");

  /** The reply to a message whose text this matches. */
  Predicate<String> rejectedText = text -> false;

  String rejectionReply = "550 5.5.2 bare LF";
  boolean hangsUpAtBareLf;
  long greetingDelay;

  /** Recipients that are taken: the whole line in capitals. */
  Predicate<String> acceptsRecipient = line -> true;

  int hangsUpAfterRecipients = Integer.MAX_VALUE;
  final AtomicInteger messages = new AtomicInteger();
  private final AtomicInteger recipients = new AtomicInteger();

  final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private final ServerSocket listening;
  private final SSLContext context;

  FaultyMailServer() throws IOException, GeneralSecurityException {
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    context = context();
  }

  private SSLContext context() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, null);
    X509Certificate certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(LegacyTlsServer.CERTIFICATE));
    store.setKeyEntry(
        "k", LegacyTlsServer.RSA.getPrivate(), new char[0], new X509Certificate[] {certificate});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, new char[0]);
    SSLContext fresh = SSLContext.getInstance("TLS");
    fresh.init(keys.getKeyManagers(), new TrustManager[] {new AnyClientTrustManager()}, null);
    return fresh;
  }

  private final class AnyClientTrustManager implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      if (rejectsUnknownClients) {
        throw new CertificateException("who are you");
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  FaultyMailServer start() {
    Threads.start(
        "mail server",
        () -> {
          while (!listening.isClosed()) {
            try {
              Socket socket = listening.accept();
              connections.incrementAndGet();
              Threads.start("mail session", () -> session(socket));
            } catch (IOException e) {
              return;
            }
          }
        });
    return this;
  }

  int port() {
    return listening.getLocalPort();
  }

  InetAddress address() {
    return listening.getInetAddress();
  }

  private void session(Socket socket) {
    try (socket) {
      socket.setSoTimeout(20_000);
      socket.setTcpNoDelay(true);
      if (implicit) {
        SSLSocket under = handshake(socket);
        under.getOutputStream().write("220 mail ESMTP\r\n".getBytes(StandardCharsets.US_ASCII));
        serve(
            new SessionState(
                under.getInputStream(), under.getOutputStream(), socket, true, false, ""));
        return;
      }
      if (connections.get() > throttledAfter) {
        socket.getOutputStream().write("421 4.7.0 slower\r\n".getBytes(StandardCharsets.US_ASCII));
        return;
      }
      Thread.sleep(greetDelay);
      socket.getOutputStream().write("220 mail ESMTP\r\n".getBytes(StandardCharsets.US_ASCII));
      serve(
          new SessionState(
              socket.getInputStream(), socket.getOutputStream(), socket, false, false, ""));
    } catch (IOException | InterruptedException e) {
      // The client had enough.
    }
  }

  private SSLSocket handshake(Socket socket) throws IOException {
    SSLContext now;
    try {
      now = forgetsSessions ? context() : context;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
    byte[] hello = new byte[0];
    if (refusalOfName != -2) {
      hello = hello(socket);
    }
    SSLSocket under =
        (SSLSocket)
            now.getSocketFactory().createSocket(socket, new ByteArrayInputStream(hello), true);
    under.setUseClientMode(false);
    under.setEnabledProtocols(protocols);
    String[] only = suites;
    if (only != null) {
      under.setEnabledCipherSuites(only);
    }
    under.setWantClientAuth(asksCertificate);
    if (demandsCertificate) {
      under.setNeedClientAuth(true);
    }
    SSLParameters parameters = under.getSSLParameters();
    parameters.setSNIMatchers(
        List.of(
            new SNIMatcher(StandardConstants.SNI_HOST_NAME) {
              @Override
              public boolean matches(SNIServerName name) {
                String text = new String(name.getEncoded(), StandardCharsets.US_ASCII);
                names.add(text);
                return !refusesName.test(text);
              }
            }));
    under.setSSLParameters(parameters);
    under.startHandshake();
    return under;
  }

  /** The ClientHello, read before the engine reads it; refused here when it has such a name. */
  private byte[] hello(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    byte[] head = in.readNBytes(5);
    byte[] body = in.readNBytes(head.length < 5 ? 0 : (head[3] & 0xff) << 8 | head[4] & 0xff);
    byte[] hello = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, hello, head.length, body.length);
    if (ClientHello.read(hello, 0, hello.length) instanceof ClientHello.ClientHelloParse.Whole whole
        && whole.hello().serverName() != null
        && refusesName.test(whole.hello().serverName())) {
      if (refusalOfName >= 0) {
        socket.getOutputStream().write(new byte[] {21, 3, 3, 0, 2, 2, (byte) refusalOfName});
      }
      throw new IOException("refused by name");
    }
    return hello;
  }

  /** Where a session is. */
  private record SessionState(
      InputStream in, OutputStream out, Socket socket, boolean tls, boolean mail, String left) {}

  private void serve(SessionState begin) throws IOException {
    SessionState now = begin;
    StringBuilder buffer = new StringBuilder(begin.left());
    while (true) {
      int end = buffer.indexOf("\n");
      if (end < 0) {
        byte[] some = new byte[2_048];
        int count = now.in().read(some);
        if (count < 0) {
          return;
        }
        buffer.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
        continue;
      }
      String line = buffer.substring(0, end).strip().toUpperCase(Locale.ROOT);
      buffer.delete(0, end + 1);
      boolean mail = now.mail();
      pause(replyDelay);
      if (line.startsWith("EHLO")) {
        send(now, caps(now.tls() ? capsAfter : capsBefore));
        mail = false;
      } else if (line.startsWith("MAIL")) {
        send(now, now.mail() ? "503 5.5.1 nested\r\n" : "250 2.1.0 ok\r\n");
        mail = true;
      } else if (line.startsWith("RCPT")) {
        if (recipients.incrementAndGet() == hangsUpAfterRecipients) {
          return;
        }
        String taken =
            acceptsRecipient.test(line) ? "250 2.1.5 ok\r\n" : "554 5.7.1 relay denied\r\n";
        send(now, now.mail() ? taken : "503 5.5.1 MAIL first\r\n");
      } else if (line.equals("DATA")) {
        if (!message(now, buffer)) {
          return;
        }
        mail = false;
      } else if (line.startsWith("RSET")) {
        send(now, "250 2.0.0 ok\r\n");
        mail = false;
      } else if (line.equals("STARTTLS") && !now.tls()) {
        if (refusals.getAndIncrement() < refusalsOfStarttls) {
          send(now, "454 4.7.0 later\r\n");
          continue;
        }
        if (dropsInjected && !buffer.isEmpty()) {
          return;
        }
        send(now, "220 2.0.0 go\r\n");
        SSLSocket under = handshake(now.socket());
        if (dropsAfterTls) {
          under.close();
          return;
        }
        now =
            new SessionState(
                under.getInputStream(),
                under.getOutputStream(),
                now.socket(),
                true,
                keepsTransactionAcrossStarttls && now.mail(),
                "");
        if (!processesInjectedText) {
          buffer.setLength(0);
        }
        continue;
      } else if (line.equals("STARTTLS")) {
        send(now, acceptsAgain ? "220 2.0.0 go on\r\n" : "503 5.5.1 again?\r\n");
      } else if (line.equals("QUIT")) {
        send(now, "221 2.0.0 bye\r\n");
        return;
      } else if (line.startsWith("SEALWAX")) {
        send(now, "500 5.5.1 what?\r\n");
      } else {
        send(now, "250 2.0.0 ok\r\n");
      }
      now = new SessionState(now.in(), now.out(), now.socket(), now.tls(), mail, "");
    }
  }

  /** Takes a message up to whatever counts as its end; false when it hangs up. */
  private boolean message(SessionState now, StringBuilder buffer) throws IOException {
    send(now, "354 go\r\n");
    StringBuilder text = new StringBuilder();
    while (ends.stream().noneMatch(text.toString()::endsWith)) {
      while (buffer.isEmpty()) {
        byte[] some = new byte[2_048];
        int count = now.in().read(some);
        if (count < 0) {
          return false;
        }
        buffer.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
      }
      char c = buffer.charAt(0);
      buffer.deleteCharAt(0);
      if (hangsUpAtBareLf && c == '\n' && text.charAt(text.length() - 1) != '\r') {
        send(now, "521 5.5.2 bare LF received\r\n");
        return false;
      }
      text.append(c);
    }
    pause(greetingDelay);
    if (rejectedText.test(text.toString())) {
      send(now, rejectionReply + "\r\n");
    } else {
      messages.incrementAndGet();
      send(now, "250 2.0.0 taken\r\n");
    }
    return true;
  }

  private static void pause(long milliseconds) throws IOException {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  private static void send(SessionState now, String text) throws IOException {
    now.out().write(text.getBytes(StandardCharsets.ISO_8859_1));
    now.out().flush();
  }

  private static String caps(String list) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String[] words = ("mail at your service," + list).split(",");
    for (int i = 0; i < words.length; i++) {
      String line = "250" + (i < words.length - 1 ? "-" : " ") + words[i] + "\r\n";
      out.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
    }
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
