package org.sealwax.tls;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;
import org.bouncycastle.math.ec.ECFieldElement;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.jspecify.annotations.Nullable;

/**
 * Verifies ECDSA over P-256 and P-384 and Ed25519 with Bouncy Castle's arithmetic: a tenth of what
 * the JDK's takes while only the first compiler works (ADR 1241). DNSSEC and chains of certificates
 * are little else.
 *
 * <p>Only verifies: nothing of it knows a secret. Whoever wants to sign, and keys of other curves,
 * go to the JDK's providers, because {@code Signature} asks one after the other.
 */
public final class QuickSignatures extends Provider {
  private static final long serialVersionUID = 1L;

  /** The name among the JDK's providers. */
  static final String NAME = "SealwaxQuickSignatures";

  /** The proofs of one zone come again and again; a hundred octets each. */
  private static final int REMEMBERED = 4_096;

  /** Octets of an Ed25519 key at the end of its X.509 form (RFC 8410 4). */
  private static final int ED25519_KEY = 32;

  /** Made when first wanted: installing costs nothing. */
  private static final class Curves {
    static final List<ECDomainParameters> ALL = List.of(curve("P-256"), curve("P-384"));
  }

  private QuickSignatures() {
    super(NAME, "1", "verifies ECDSA and Ed25519");
    putService(new Verifies("SHA256withECDSA", () -> new Ecdsa("SHA-256")));
    putService(new Verifies("SHA384withECDSA", () -> new Ecdsa("SHA-384")));
    putService(new Verifies("Ed25519", EdDsa::new));
  }

  /** Puts it before the JDK's, once for the process; cheap when it is there. */
  public static synchronized void install() {
    if (Security.getProvider(NAME) == null) {
      Security.insertProviderAt(new QuickSignatures(), 1);
    }
  }

  private static ECDomainParameters curve(String name) {
    X9ECParameters curve = CustomNamedCurves.getByName(name);
    return new ECDomainParameters(curve.getCurve(), curve.getG(), curve.getN(), curve.getH());
  }

  private final class Verifies extends Service {
    private final Supplier<SignatureSpi> made;

    Verifies(String algorithm, Supplier<SignatureSpi> made) {
      super(
          QuickSignatures.this,
          "Signature",
          algorithm,
          QuickSignatures.class.getName() + "$" + algorithm,
          List.of(),
          Map.of());
      this.made = made;
    }

    @Override
    public Object newInstance(@Nullable Object parameter) {
      return made.get();
    }

    @Override
    public boolean supportsParameter(Object key) {
      return key instanceof PublicKey;
    }
  }

  /** Signatures that were right, by everything that they depend on; what was wrong is not kept. */
  private static final class Memory {
    static final Cache<String, Boolean> RIGHT =
        Caffeine.newBuilder().maximumSize(REMEMBERED).executor(Runnable::run).build();
  }

  /** What all of them refuse, and what they remember. */
  private abstract static class VerifierOnly extends SignatureSpi {
    /** A verdict is a function of these octets, each with its length before it. */
    static boolean remembered(BooleanSupplier verdict, byte[]... octets) {
      MessageDigest name = Pins.sha256();
      for (byte[] one : octets) {
        name.update(ByteBuffer.allocate(Integer.BYTES).putInt(one.length).array());
        name.update(one);
      }
      String key = HexFormat.of().formatHex(name.digest());
      if (Memory.RIGHT.getIfPresent(key) != null) {
        return true;
      }
      boolean right = verdict.getAsBoolean();
      if (right) {
        Memory.RIGHT.put(key, Boolean.TRUE);
      }
      return right;
    }

    @Override
    protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
      throw new InvalidKeyException("only verifies");
    }

    @Override
    protected byte[] engineSign() throws SignatureException {
      throw new SignatureException("only verifies");
    }

    @Override
    protected void engineUpdate(byte octet) throws SignatureException {
      engineUpdate(new byte[] {octet}, 0, 1);
    }

    @Override
    @Deprecated
    protected void engineSetParameter(String name, Object value) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    @Deprecated
    protected Object engineGetParameter(String name) {
      throw new UnsupportedOperationException(name);
    }
  }

  /** FIPS 186-5 6.4.2. */
  private static final class Ecdsa extends VerifierOnly {
    private final MessageDigest digest;
    private final ECDSASigner signer = new ECDSASigner();
    private BigInteger order = BigInteger.ZERO;
    private byte[] point = {};

    Ecdsa(String hash) {
      try {
        this.digest = MessageDigest.getInstance(hash);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("each Java has " + hash, e);
      }
    }

    @Override
    protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
      if (!(key instanceof ECPublicKey ec)) {
        throw new InvalidKeyException("no EC key");
      }
      ECDomainParameters curve = known(ec.getParams());
      try {
        ECPublicKeyParameters open =
            new ECPublicKeyParameters(
                curve.getCurve().createPoint(ec.getW().getAffineX(), ec.getW().getAffineY()),
                curve);
        signer.init(false, open);
        // Its length tells the curves apart.
        point = open.getQ().getEncoded(false);
      } catch (IllegalArgumentException | NullPointerException e) {
        // Not on the curve, or infinity.
        throw new InvalidKeyException("no point of the curve", e);
      }
      order = curve.getN();
      digest.reset();
    }

    private static ECDomainParameters known(@Nullable ECParameterSpec wanted)
        throws InvalidKeyException {
      for (ECDomainParameters curve : Curves.ALL) {
        if (wanted != null && wanted.getCofactor() == 1 && isThis(wanted, curve)) {
          return curve;
        }
      }
      throw new InvalidKeyException("another curve");
    }

    /**
     * Exactly this curve with this generator: a key that brings a generator of its own
     * (CVE-2020-0601) is none of ours.
     */
    private static boolean isThis(ECParameterSpec wanted, ECDomainParameters curve) {
      return wanted.getOrder().equals(curve.getN())
          && wanted.getCurve().getField() instanceof ECFieldFp field
          && field.getP().equals(curve.getCurve().getField().getCharacteristic())
          && wanted.getCurve().getA().equals(curve.getCurve().getA().toBigInteger())
          && wanted.getCurve().getB().equals(curve.getCurve().getB().toBigInteger())
          && wanted.getGenerator().getAffineX().equals(number(curve.getG().getAffineXCoord()))
          && wanted.getGenerator().getAffineY().equals(number(curve.getG().getAffineYCoord()));
    }

    private static BigInteger number(ECFieldElement element) {
      return element.toBigInteger();
    }

    @Override
    protected void engineUpdate(byte[] octets, int offset, int length) {
      digest.update(octets, offset, length);
    }

    @Override
    protected boolean engineVerify(byte[] signature) throws SignatureException {
      byte[] hash = digest.digest();
      BigInteger[] pair;
      try {
        pair = StandardDSAEncoding.INSTANCE.decode(order, signature);
      } catch (java.io.IOException | RuntimeException e) {
        throw new SignatureException("no pair of numbers within the order, in DER", e);
      }
      return remembered(
          () -> signer.verifySignature(hash, pair[0], pair[1]), point, hash, signature);
    }
  }

  /** RFC 8032 5.1.7. */
  private static final class EdDsa extends VerifierOnly {
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private @Nullable Ed25519PublicKeyParameters key;

    @Override
    protected void engineInitVerify(PublicKey wanted) throws InvalidKeyException {
      byte[] form = wanted.getEncoded();
      if (!(wanted instanceof EdECPublicKey ed)
          || !NamedParameterSpec.ED25519
              .getName()
              .toLowerCase(Locale.ROOT)
              .equals(ed.getParams().getName().toLowerCase(Locale.ROOT))
          || form == null
          || form.length < ED25519_KEY) {
        throw new InvalidKeyException("no Ed25519 key");
      }
      try {
        key = new Ed25519PublicKeyParameters(form, form.length - ED25519_KEY);
      } catch (IllegalArgumentException e) {
        throw new InvalidKeyException("no point of the curve", e);
      }
      message.reset();
    }

    @Override
    protected void engineUpdate(byte[] octets, int offset, int length) {
      message.write(octets, offset, length);
    }

    @Override
    protected boolean engineVerify(byte[] signature) throws SignatureException {
      byte[] octets = message.toByteArray();
      message.reset();
      Ed25519PublicKeyParameters with = key;
      if (with == null || signature.length != Ed25519.SIGNATURE_SIZE) {
        throw new SignatureException("a signature has " + Ed25519.SIGNATURE_SIZE + " octets");
      }
      return remembered(
          () ->
              with.verify(Ed25519.Algorithm.Ed25519, null, octets, 0, octets.length, signature, 0),
          with.getEncoded(),
          octets,
          signature);
    }
  }
}
