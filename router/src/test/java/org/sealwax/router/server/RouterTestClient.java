package org.sealwax.router.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.sealwax.mail.tls.IdentitySettings;

/** A client that sends a given text, byte by byte, and reads the replies. */
public final class RouterTestClient implements AutoCloseable {
  private static final SSLContext INSECURE_CONTEXT = insecureContext();

  private Socket socket;
  private InputStream in;

  public RouterTestClient(int port) throws IOException {
    socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port);
    socket.setSoTimeout(60_000);
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
  }

  private static SSLContext insecureContext() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new InsecureTrustManager()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** It is about what happens inside TLS, not about the identity of the server. */
  private static final class InsecureTrustManager implements X509TrustManager {
    @Override
    public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public java.security.cert.X509Certificate[] getAcceptedIssuers() {
      return new java.security.cert.X509Certificate[0];
    }
  }

  /** TLS over what is open. */
  public void startTls() throws IOException {
    startTls(INSECURE_CONTEXT);
  }

  /** TLS over what is open, with a certificate of our own. */
  void startTls(IdentitySettings.CertificatePair own) throws IOException, GeneralSecurityException {
    startTls(contextWithCertificate(own));
  }

  /** What shows a certificate of our own; used twice, it resumes the session. */
  static SSLContext contextWithCertificate(IdentitySettings.CertificatePair own)
      throws IOException, GeneralSecurityException {
    String pem = Files.readString(own.key()).replaceAll("-----[^-]*-----|\\s", "");
    PrivateKey key =
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    Certificate[] chain;
    try (InputStream file = Files.newInputStream(own.certificate())) {
      chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(file)
              .toArray(new Certificate[0]);
    }
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, null);
    store.setKeyEntry("own", key, new char[0], chain);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), new TrustManager[] {new InsecureTrustManager()}, null);
    return context;
  }

  /** TLS over what is open, by this. */
  void startTls(SSLContext context) throws IOException {
    SSLSocket tls =
        (SSLSocket) context.getSocketFactory().createSocket(socket, "mx.example.org", 25, true);
    tls.setSoTimeout(60_000);
    tls.startHandshake();
    socket = tls;
    in = tls.getInputStream();
  }

  /** Sends bytes as they are. */
  public void send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  /** Sends a line and reads its reply. */
  public String exchange(String line) throws IOException {
    send(line + "\r\n");
    return reply();
  }

  /** One whole reply, lines ended by LF; empty when the peer closed. */
  public String reply() throws IOException {
    StringBuilder reply = new StringBuilder();
    while (true) {
      String line = line();
      if (line == null) {
        return reply.toString();
      }
      if (!line.matches("[2345]\\d\\d([ -].*)?")) {
        throw new AssertionError("not a reply: " + line);
      }
      reply.append(line).append('\n');
      if (line.length() == 3 || line.charAt(3) == ' ') {
        return reply.toString();
      }
    }
  }

  private @org.jspecify.annotations.Nullable String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int b;
      try {
        b = in.read();
      } catch (java.net.SocketException e) {
        // A reset: the server closed while we were still talking.
        return null;
      } catch (javax.net.ssl.SSLException e) {
        return null;
      }
      if (b < 0) {
        return null;
      }
      if (b == '\n') {
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(b);
    }
  }

  /** All replies to the end of the conversation. */
  String readToEnd() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String reply = reply(); !reply.isEmpty(); reply = reply()) {
      all.append(reply);
    }
    return all.toString();
  }

  /** No more output follows. */
  void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  /** Goes away without a word. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
