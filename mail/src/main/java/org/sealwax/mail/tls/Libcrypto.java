package org.sealwax.mail.tls;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPublicKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * RSA by OpenSSL's libcrypto (version 3), where this machine has it and the program may call native
 * code. The JDK takes thirty times as long while only the first compiler works, because its fast
 * arithmetic belongs to the second one. BoringSSL, which the TLS engine brings, exports no such
 * function. Thread-safe.
 */
@SuppressWarnings("restricted")
final class Libcrypto {
  private static final String LIBRARY = "libcrypto.so.3";

  /** No clean-up at the end of the process: threads may still sign. */
  private static final long NO_ATEXIT = 0x80000L;

  /** The number of SHA-256 in the library. */
  private static final int NID_SHA256 = 672;

  private static final @Nullable Libcrypto LOADED = load();

  private final MethodHandle decodePrivate;
  private final MethodHandle freeKey;
  private final MethodHandle newContext;
  private final MethodHandle freeContext;
  private final MethodHandle beginSigning;
  private final MethodHandle sign;
  private final MethodHandle newRsa;
  private final MethodHandle freeRsa;
  private final MethodHandle readNumber;
  private final MethodHandle setNumbers;
  private final MethodHandle verify;
  private final MethodHandle clearErrors;
  private final long sha256;

  /** A key in the memory of the library, which is freed with this object. */
  static final class NativeKey {
    private final MemorySegment key;

    private NativeKey(MemorySegment key) {
      this.key = key;
    }
  }

  private Libcrypto(SymbolLookup library) throws Throwable {
    ValueLayout pointer = ValueLayout.JAVA_LONG;
    ValueLayout address = ValueLayout.ADDRESS;
    ValueLayout status = ValueLayout.JAVA_INT;
    MethodHandle init = function(library, "OPENSSL_init_crypto", status, pointer, pointer);
    if ((int) init.invokeExact(NO_ATEXIT, 0L) != 1) {
      throw new IllegalStateException("cannot be initialized");
    }
    decodePrivate = function(library, "d2i_AutoPrivateKey", address, pointer, address, pointer);
    freeKey = function(library, "EVP_PKEY_free", null, address);
    newContext = function(library, "EVP_MD_CTX_new", pointer);
    freeContext = function(library, "EVP_MD_CTX_free", null, pointer);
    beginSigning =
        function(
            library, "EVP_DigestSignInit", status, pointer, pointer, pointer, pointer, address);
    sign = function(library, "EVP_DigestSign", status, pointer, address, address, address, pointer);
    newRsa = function(library, "RSA_new", pointer);
    freeRsa = function(library, "RSA_free", null, pointer);
    readNumber = function(library, "BN_bin2bn", pointer, address, status, pointer);
    setNumbers = function(library, "RSA_set0_key", status, pointer, pointer, pointer, pointer);
    verify =
        function(library, "RSA_verify", status, status, address, status, address, status, pointer);
    clearErrors = function(library, "ERR_clear_error", null);
    sha256 = (long) function(library, "EVP_sha256", pointer).invokeExact();
  }

  private static MethodHandle function(
      SymbolLookup library,
      String name,
      @Nullable MemoryLayout result,
      MemoryLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(
            library.find(name).orElseThrow(() -> new IllegalStateException("has no " + name)),
            result == null
                ? FunctionDescriptor.ofVoid(parameters)
                : FunctionDescriptor.of(result, parameters));
  }

  private static @Nullable Libcrypto load() {
    if (!Libcrypto.class.getModule().isNativeAccessEnabled()
        || ValueLayout.ADDRESS.byteSize() != Long.BYTES) {
      return null;
    }
    try {
      return new Libcrypto(SymbolLookup.libraryLookup(LIBRARY, Arena.global()));
    } catch (Throwable e) { // not installed, another version, or a runtime without native calls
      return null;
    }
  }

  /** The library; empty where it cannot be used. */
  static Optional<Libcrypto> loaded() {
    return Optional.ofNullable(LOADED);
  }

  /**
   * A private key.
   *
   * @param der PKCS #8
   * @throws GeneralSecurityException when the library does not take it
   */
  NativeKey privateKey(byte[] der) throws GeneralSecurityException {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment copy = call.allocateFrom(ValueLayout.JAVA_BYTE, der);
      MemorySegment at = call.allocateFrom(ValueLayout.ADDRESS, copy);
      MemorySegment key = (MemorySegment) decodePrivate.invokeExact(0L, at, (long) der.length);
      copy.fill((byte) 0);
      if (key.equals(MemorySegment.NULL)) {
        throw failed("a key");
      }
      return new NativeKey(key.reinterpret(0, Arena.ofAuto(), this::free));
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private void free(MemorySegment key) {
    try {
      freeKey.invokeExact(key);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The signature, PKCS #1 version 1.5 with SHA-256 (RFC 8017 section 8.2.1).
   *
   * @param size bytes of the modulus
   */
  byte[] sign(NativeKey key, int size, byte[] message) throws GeneralSecurityException {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment text = call.allocateFrom(ValueLayout.JAVA_BYTE, message);
      MemorySegment signature = call.allocate(size);
      MemorySegment length = call.allocateFrom(ValueLayout.JAVA_LONG, size);
      long context = made((long) newContext.invokeExact());
      int made = 0;
      try {
        if ((int) beginSigning.invokeExact(context, 0L, sha256, 0L, key.key) == 1) {
          made = (int) sign.invokeExact(context, signature, length, text, (long) message.length);
        }
      } finally {
        freeContext.invokeExact(context);
        Reference.reachabilityFence(key);
      }
      if (made != 1 || length.get(ValueLayout.JAVA_LONG, 0) != size) {
        throw failed("a signature");
      }
      return signature.toArray(ValueLayout.JAVA_BYTE);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /**
   * Whether a signature of the same kind holds. By the functions for one algorithm, because those
   * for all decode a public key in ten times the time of the verification.
   *
   * @param digest the SHA-256 hash of the signed bytes
   */
  boolean verifies(RSAPublicKey key, byte[] digest, byte[] signature)
      throws GeneralSecurityException {
    try (Arena call = Arena.ofConfined()) {
      long rsa = made((long) newRsa.invokeExact());
      try {
        // Both numbers belong to the key when it takes them.
        long modulus = number(call, key.getModulus());
        long exponent = number(call, key.getPublicExponent());
        if ((int) setNumbers.invokeExact(rsa, modulus, exponent, 0L) != 1) {
          throw failed("a key");
        }
        int valid =
            (int)
                verify.invokeExact(
                    NID_SHA256,
                    call.allocateFrom(ValueLayout.JAVA_BYTE, digest),
                    digest.length,
                    call.allocateFrom(ValueLayout.JAVA_BYTE, signature),
                    signature.length,
                    rsa);
        if (valid != 1) {
          clearErrors.invokeExact();
        }
        return valid == 1;
      } finally {
        freeRsa.invokeExact(rsa);
      }
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private long number(Arena call, BigInteger number) throws Throwable {
    byte[] bytes = number.toByteArray();
    return (long)
        readNumber.invokeExact(call.allocateFrom(ValueLayout.JAVA_BYTE, bytes), bytes.length, 0L);
  }

  private static long made(long object) {
    if (object == 0) {
      throw new OutOfMemoryError("libcrypto");
    }
    return object;
  }

  private GeneralSecurityException failed(String what) throws Throwable {
    clearErrors.invokeExact();
    return new GeneralSecurityException("libcrypto does not make " + what);
  }

  private static GeneralSecurityException rethrown(Throwable e) {
    return switch (e) {
      case GeneralSecurityException known -> known;
      case Error error -> throw error;
      default -> new GeneralSecurityException("libcrypto", e);
    };
  }
}
