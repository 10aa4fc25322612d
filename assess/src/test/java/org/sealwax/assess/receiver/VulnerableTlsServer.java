package org.sealwax.assess.receiver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Hashtable;
import java.util.Locale;
import java.util.Vector;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ClientCertificateType;
import org.bouncycastle.tls.DefaultTlsServer;
import org.bouncycastle.tls.ExtensionType;
import org.bouncycastle.tls.NewSessionTicket;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.SignatureScheme;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.TlsServerProtocol;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCipher;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Threads;

/**
 * A mail server that speaks TLS 1.2 in full and is careless in what no engine lets one be careless
 * in: padding, the life of tickets, the list of authorities. Every field may be changed before
 * {@link #start}.
 */
final class VulnerableTlsServer implements AutoCloseable {
  boolean checksPadding = true;

  /** Seconds that a ticket is good for; 0: none is given. */
  long ticketLife;

  /** Authorities that the server would take a client certificate of; 0: it asks for none. */
  int authorities;

  final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket listening;

  VulnerableTlsServer() throws IOException {
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  VulnerableTlsServer start() {
    Threads.start(
        "careless server",
        () -> {
          while (!listening.isClosed()) {
            try {
              Socket socket = listening.accept();
              connections.incrementAndGet();
              Threads.start("careless session", () -> session(socket));
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
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      send(out, "220 careless ESMTP\r\n");
      if (!answerUntilStarttls(in, out, "250-careless\r\n250 STARTTLS\r\n")) {
        return;
      }
      TlsServerProtocol protocol = new TlsServerProtocol(in, out);
      protocol.accept(new VulnerableTlsPeer());
      answerUntilStarttls(
          protocol.getInputStream(), protocol.getOutputStream(), "250 careless\r\n");
      protocol.close();
    } catch (IOException | RuntimeException e) {
      // The client had enough, or showed what no library expects.
    }
  }

  /** Answers lines until STARTTLS (true) or the end. */
  private static boolean answerUntilStarttls(InputStream in, OutputStream out, String ehlo)
      throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c != '\n') {
        line.append((char) c);
        continue;
      }
      String command = line.toString().strip().toUpperCase(Locale.ROOT);
      line.setLength(0);
      if (command.startsWith("EHLO")) {
        send(out, ehlo);
      } else if (command.equals("STARTTLS")) {
        send(out, "220 2.0.0 go\r\n");
        return true;
      } else if (command.equals("QUIT")) {
        send(out, "221 2.0.0 bye\r\n");
        return false;
      } else {
        send(out, "250 2.0.0 ok\r\n");
      }
    }
    return false;
  }

  private static void send(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }

  private final class VulnerableCrypto extends BcTlsCrypto {
    @Override
    protected TlsCipher createCipher_CBC(
        TlsCryptoParameters parameters, int cipher, int key, int mac) throws IOException {
      return checksPadding
          ? super.createCipher_CBC(parameters, cipher, key, mac)
          : new VulnerableCbc(parameters);
    }
  }

  private final class VulnerableTlsPeer extends DefaultTlsServer {
    VulnerableTlsPeer() {
      super(new VulnerableCrypto());
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
      return ProtocolVersion.TLSv12.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
      return new int[] {CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA};
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // the library's signature is raw
    public Hashtable getServerExtensions() throws IOException {
      Hashtable<Integer, byte[]> all = super.getServerExtensions();
      // Encryption before MAC has no padding to be careless with.
      all.remove(ExtensionType.encrypt_then_mac);
      if (ticketLife > 0) {
        all.put(ExtensionType.session_ticket, new byte[0]);
      }
      return all;
    }

    @Override
    public NewSessionTicket getNewSessionTicket() {
      return new NewSessionTicket(ticketLife, getCrypto().getSecureRandom().generateSeed(96));
    }

    @Override
    @SuppressWarnings("JdkObsolete") // what the library takes
    public @Nullable CertificateRequest getCertificateRequest() {
      if (authorities == 0) {
        return null;
      }
      Vector<SignatureAndHashAlgorithm> schemes = new Vector<>();
      schemes.add(
          SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.ecdsa_secp256r1_sha256));
      Vector<X500Name> names = new Vector<>();
      IntStream.range(0, authorities)
          .forEach(i -> names.add(new X500Name("CN=An authority of the public number " + i)));
      return new CertificateRequest(new short[] {ClientCertificateType.ecdsa_sign}, schemes, names);
    }

    @Override
    public void notifyClientCertificate(Certificate shown) {
      // It asks and does not look.
    }

    @Override
    protected TlsCredentialedSigner getRSASignerCredentials() throws IOException {
      BcTlsCrypto crypto = (BcTlsCrypto) getCrypto();
      TlsCertificate leaf = crypto.createCertificate(LegacyTlsServer.CERTIFICATE);
      return new BcDefaultTlsCredentialedSigner(
          new TlsCryptoParameters(context),
          crypto,
          PrivateKeyFactory.createKey(LegacyTlsServer.RSA.getPrivate().getEncoded()),
          new Certificate(new TlsCertificate[] {leaf}),
          SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.rsa_pkcs1_sha256));
    }
  }
}
