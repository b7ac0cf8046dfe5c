// The whole order of a list: which photo or face stands at which position. Numbers only, in typed
// arrays: 900,000 faces take 7 MB.

const FACES_A_PHOTO = 2 ** 15;

export class Order {
  constructor({ total = 0, index, face_index: faceIndex = null, ratio = null, reviewed = null, expression = null }) {
    Object.assign(this, { total, index, faceIndex, ratio, reviewed, expression });
  }

  static empty() { return new Order({ index: new Int32Array(0), ratio: new Uint16Array(0) }); }

  get count() { return this.index.length; }
  get ofFaces() { return this.faceIndex !== null; }

  // What stays the same in every order.
  key(position) {
    const photo = this.index[position] * FACES_A_PHOTO;
    return this.ofFaces ? photo + this.faceIndex[position] : photo;
  }

  // Where what has this key stands; -1 where it does not.
  findKey(key) {
    return this.ofFaces
      ? this.find(Math.floor(key / FACES_A_PHOTO), key % FACES_A_PHOTO)
      : this.find(key / FACES_A_PHOTO);
  }

  // Where a photo, or the first face of it, stands; -1 where it does not.
  find(index, faceIndex = null) {
    for (let at = this.index.indexOf(index); at !== -1; at = this.index.indexOf(index, at + 1)) {
      if (!this.ofFaces || faceIndex === null || this.faceIndex[at] === faceIndex) return at;
    }
    return -1;
  }
}

// How the arrays of the answer are kept.
export const KINDS = {
  index: Int32Array, face_index: Int16Array, ratio: Uint16Array, reviewed: Uint8Array, expression: Uint8Array,
};
