package org.sealwax.router.receive;

/** Why a client may send anywhere, or that it may not. */
public sealed interface Trust {
  /** Anybody: may send to our domains only. */
  record Stranger() implements Trust {}

  /** Its address is in a trusted network. */
  record Network() implements Trust {}

  /** Its certificate was verified against a row that grants relay. */
  record Certificate(String what) implements Trust {}

  /** It said a name and proved it by AUTH. */
  record Login(String user) implements Trust {}

  /** A program of this machine, through the Unix socket. */
  record Local() implements Trust {}

  /** Whether mail to other people's domains is taken. */
  default boolean maySendAnywhere() {
    return switch (this) {
      case Stranger s -> false;
      case Network n -> true;
      case Certificate c -> true;
      case Login l -> true;
      case Local l -> true;
    };
  }
}
